#pragma once

#include <string>
#include <vector>

#include "client/ctl/json.h"
#include "client/ctl/output.h"
#include "client/sovereign_client.h"

// How neighbours and friends are written, the same by every verb.

namespace sov::ctl {

json::Object json_of(const client::Evidence& evidence);
json::Object json_of(const client::Neighbour& neighbour);
json::Object json_of(const client::Friend& listed);

/// What to call a peer: "bob (sov1qqqqqq)" for a friend, else the start of its id, else
/// "somebody".
std::string who_text(const client::Neighbour& neighbour,
                     const std::vector<client::Friend>& friends);

/// "192.168.1.7:6881", or of a radio "about 1.2 m" and how strong the signal is.
std::string place_text(const client::Evidence& evidence);

/// "mdns on eth0 at 192.168.1.7:6881"
std::string evidence_text(const client::Evidence& evidence);

/// The evidence that people want to see: one piece for each address, the strongest, although a peer
/// may go by two names for a moment. JSON has all of it.
std::vector<client::Evidence> ways_of(const client::Neighbour& neighbour);

/// One line for each piece of evidence, who it is about in front of the first.
void show_neighbours(const std::vector<client::Neighbour>& neighbours,
                     const std::vector<client::Friend>& friends, Screen& screen);

}  // namespace sov::ctl
