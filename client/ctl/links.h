#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "client/ctl/errand.h"
#include "client/ctl/json.h"
#include "client/ctl/output.h"
#include "client/sovereign_client.h"

// How connections to peers are written, the same by every verb.

namespace sov::ctl {

json::Object json_of(const client::Connection& connection);
json::Object json_of(const client::ConnectAttempt& attempt);
json::Object json_of(const client::ConnectStep& step);

/// "direct over udp"
std::string path_text(const client::Connection& connection);
/// "address 192.0.2.7:6881: no_answer after 1.2 s"
std::string attempt_text(const client::ConnectAttempt& attempt);

/// "+120 ms  their_candidate  srflx 192.0.2.1:40000"
std::string step_text(const client::ConnectStep& step);

/// All friends; none when they can't be asked for: their names are a courtesy.
std::vector<client::Friend> known_friends(Errand& errand);
/// What to call a peer: "bob (sov1qqqqqq)" for a friend, else the start of its id.
std::string peer_name(const client::PeerId& peer, const std::vector<client::Friend>& friends);
/// The ids behind "--for", which has ids and what friends are called; none for no such option.
std::variant<std::vector<std::string>, Problem> peers_for(Errand& errand);

}  // namespace sov::ctl
