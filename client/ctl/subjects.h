#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/ctl/errand.h"

// How offers and providers are named and written, the same by every verb.

namespace sov::ctl {

/// What a verb's words stand for.
enum class Names : unsigned char {
    kServices,  ///< "printer/ipp"
    kContents,  ///< a file, whose SHA-256 is made with a progress bar, or 64 hexadecimal digits
    kBoth,      ///< service:TYPE, content:HEX, or a bare 64 hexadecimal digits
};

/// Reads one word; an error in our words when it stands for nothing.
client::Result<client::Subject> subject_of(Errand& errand, Names names, const std::string& word);
client::Result<std::vector<client::Subject>> subjects_of(Errand& errand, Names names,
                                                         const std::vector<std::string>& words);

/// "printer/ipp", or the 64 digits of a content.
std::string subject_text(const client::Subject& subject);

// What the verbs of services, contents and the table share.
int offer_subjects(Errand& errand, Names names);
int withdraw_subjects(Errand& errand, Names names);
int find_subject(Errand& errand, Names names);
int list_offers(Errand& errand, Names names);

}  // namespace sov::ctl
