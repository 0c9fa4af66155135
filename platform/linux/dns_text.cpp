#include "platform/linux/dns_text.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>

namespace sov::host {

namespace {

constexpr std::size_t kAnswerMax = 64 << 10, kTextsMax = 16;
/// Seconds for the first try at each server, and tries.
constexpr int kPatience = 2, kTries = 2;

class Resolver {
  public:
    Resolver() : good_(res_ninit(&state_) == 0) {}
    ~Resolver() {
        if (good_) res_nclose(&state_);
    }
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    bool good() const { return good_; }
    struct __res_state& state() {
        return state_;
    }

  private:
    struct __res_state state_ {};
    bool good_;
};

std::string words_of(int error) {
    switch (error) {
        case HOST_NOT_FOUND: return "no such name";
        case NO_DATA: return "the name has no TXT record";
        case TRY_AGAIN: return "no DNS server answers";
        default: return "the DNS server can't or won't answer";
    }
}

// A TXT record is a row of strings, each behind its length.
std::optional<std::string> joined(const unsigned char* at, std::size_t size) {
    std::string text;
    while (size > 0) {
        const std::size_t length = *at;
        if (length + 1 > size) return std::nullopt;
        text.append(reinterpret_cast<const char*>(at + 1), length);
        at += length + 1;
        size -= length + 1;
    }
    return text;
}

}  // namespace

DnsTexts texts_in(ByteView answer) {
    DnsTexts found;
    ns_msg message;
    if (ns_initparse(answer.data(), static_cast<int>(answer.size()), &message) != 0) {
        found.problem = "the DNS server's answer is damaged";
        return found;
    }
    for (int at = 0; at < ns_msg_count(message, ns_s_an); ++at) {
        ns_rr record;
        if (ns_parserr(&message, ns_s_an, at, &record) != 0) break;
        if (ns_rr_type(record) != ns_t_txt || found.texts.size() == kTextsMax) continue;
        if (auto text = joined(ns_rr_rdata(record), ns_rr_rdlen(record)))
            found.texts.push_back(std::move(*text));
    }
    if (found.texts.empty()) found.problem = words_of(NO_DATA);
    return found;
}

DnsTexts look_up_texts(const std::string& name, const std::optional<Endpoint>& server) {
    Resolver resolver;
    if (!resolver.good()) return {{}, "the system's resolver can't be used"};
    struct __res_state& state = resolver.state();
    state.retrans = kPatience;
    state.retry = kTries;
    if (server) {
        sockaddr_in& only = state.nsaddr_list[0];
        only = {};
        only.sin_family = AF_INET;
        only.sin_port = htons(server->port);
        std::copy_n(server->address.begin(), 4, reinterpret_cast<std::uint8_t*>(&only.sin_addr));
        state.nscount = 1;
    }
    Bytes answer(kAnswerMax);
    const int size = res_nquery(&state, name.c_str(), ns_c_in, ns_t_txt, answer.data(),
                                static_cast<int>(answer.size()));
    if (size < 0) return {{}, words_of(state.res_h_errno)};
    return texts_in(ByteView(answer).first(std::min(static_cast<std::size_t>(size), kAnswerMax)));
}

}  // namespace sov::host
