#include "daemon/core/connect/net_check.h"

#include <algorithm>

#include "daemon/core/guard/diversity.h"

namespace sov::connect {

namespace {

/// Pauses between repetitions; RFC 8489 s6.2.1 begins with 500 ms, but somebody is waiting here.
constexpr Duration kAgain = std::chrono::milliseconds{250};
constexpr std::size_t kSendsMax = 3;
constexpr Duration kPatience = std::chrono::milliseconds{1500};
/// What nobody answers by nature: behind most NATs these three stay unanswered.
constexpr Duration kPatienceFiltered = std::chrono::milliseconds{900};

std::size_t index_of(Family family) { return family == Family::kIpv4 ? 0 : 1; }

bool same_address(const Endpoint& left, const Endpoint& right) {
    return left.family == right.family && left.address == right.address;
}

}  // namespace

NetCheck::NetCheck(NetCheckPlan plan, std::uint64_t seed) : plan_(std::move(plan)), rng_(seed) {
    const auto reachable = [&](const Endpoint& server) {
        return std::any_of(plan_.own.begin(), plan_.own.end(),
                           [&](const Endpoint& own) { return own.family == server.family; });
    };
    std::erase_if(plan_.servers, [&](const Endpoint& server) { return !reachable(server); });
    if (plan_.servers.size() > kServersMax) plan_.servers.resize(kServersMax);
    questions_.reserve(kQuestionsMax);
}

void NetCheck::start(Instant now) {
    end_ = now + kTimeMax;
    for (std::size_t server = 0; server < plan_.servers.size(); ++server) {
        findings_.servers.push_back({plan_.servers[server], std::nullopt, std::nullopt});
        ask(now, Purpose::kAddress, server, plan_.servers[server], {});
    }
}

bool NetCheck::is_own(const Endpoint& endpoint) const {
    return std::any_of(plan_.own.begin(), plan_.own.end(),
                       [&](const Endpoint& own) { return same_address(own, endpoint); });
}

void NetCheck::ask(Instant now, Purpose purpose, std::size_t server, const Endpoint& to,
                   StunQuestion words) {
    if (questions_.size() >= kQuestionsMax) return;
    Question question;
    store_u64(words.id.data(), rng_.next());
    store_u32(words.id.data() + 8, static_cast<std::uint32_t>(rng_.next()));
    question.id = words.id;
    question.purpose = purpose;
    question.server = server;
    question.to = to;
    question.datagram = encode_stun(words);
    question.asked = now;
    question.next_send = now;
    const bool filtered = purpose == Purpose::kStranger || purpose == Purpose::kOtherPort ||
                          purpose == Purpose::kHairpin || purpose == Purpose::kSize;
    question.give_up = now + (filtered ? kPatienceFiltered : kPatience);
    ++open_;
    send_due(now, questions_.emplace_back(std::move(question)));
}

void NetCheck::send_due(Instant now, Question& question) {
    if (question.next_send > now) return;
    outgoing_.push_back({question.to, question.datagram});
    question.next_send = ++question.sent < kSendsMax ? now + kAgain : kNever;
}

const NetCheck::Question* NetCheck::find(ByteView datagram) const {
    if (open_ == 0 || !is_stun(datagram)) return nullptr;
    const ByteView id = datagram.subspan(8, 12);
    const auto found = std::find_if(questions_.begin(), questions_.end(), [&](const Question& one) {
        return std::equal(id.begin(), id.end(), one.id.begin());
    });
    return found == questions_.end() ? nullptr : &*found;
}

bool NetCheck::claims(ByteView datagram) const { return find(datagram) != nullptr; }

void NetCheck::handle_datagram(Instant now, const Endpoint& from, ByteView datagram) {
    const Question* asked = find(datagram);
    const auto message = read_stun(datagram);
    if (asked == nullptr || !asked->open || !message.has_value()) return;
    take_answer(now, questions_[static_cast<std::size_t>(asked - questions_.data())], from,
                *message);
}

void NetCheck::settle(Instant now, Question& question) {
    question.open = false;
    question.next_send = kNever;
    --open_;
    if (question.purpose != Purpose::kStranger && question.purpose != Purpose::kOtherPort) return;
    const Family family = question.to.family;
    const std::size_t server = question.server;
    const bool both = std::none_of(questions_.begin(), questions_.end(), [&](const Question& one) {
        return one.open && one.to.family == family &&
               (one.purpose == Purpose::kStranger || one.purpose == Purpose::kOtherPort);
    });
    // Not earlier: what we write to opens a hole for it.
    auto& other = others_[index_of(family)];
    if (both && other) ask(now, Purpose::kOther, server, *std::exchange(other, std::nullopt), {});
}

void NetCheck::take_answer(Instant now, Question& question, const Endpoint& from,
                           const StunMessage& message) {
    NetFindings::OfFamily& found = findings_.of(question.to.family);
    const bool returned = message.kind == StunMessage::Kind::kRequest;
    if (returned != (question.purpose == Purpose::kHairpin)) return;
    const bool answers = message.kind == StunMessage::Kind::kAnswer;
    switch (question.purpose) {
        case Purpose::kHairpin: found.hairpin = true; break;
        case Purpose::kAddress: {
            if (from != question.to) return;
            const std::size_t server = question.server;
            findings_.servers[server].took = now - question.asked;
            findings_.servers[server].mapped = message.mapped;
            const Endpoint to = question.to;
            if (answers && message.mapped) found.seen.push_back({to, *message.mapped});
            settle(now, question);
            if (answers) begin_family(now, server, message);
            return;
        }
        case Purpose::kOther:
            if (from != question.to) return;
            if (answers && message.mapped) found.seen.push_back({from, *message.mapped});
            break;
        case Purpose::kSize:
            if (from != question.to) return;
            found.bytes_passed = std::max(found.bytes_passed, question.datagram.size());
            break;
        case Purpose::kStranger:
            // One that answers from where it was asked does not do what it offered.
            if (!same_address(from, question.to)) found.stranger_passes = true;
            break;
        case Purpose::kOtherPort:
            if (same_address(from, question.to) && from.port != question.to.port)
                found.other_port_passes = true;
            break;
    }
    settle(now, question);
}

// The first server of a family that answers is asked all that needs one server only.
void NetCheck::begin_family(Instant now, std::size_t server, const StunMessage& message) {
    const Endpoint to = plan_.servers[server];
    const std::size_t family = index_of(to.family);
    NetFindings::OfFamily& found = findings_.of(to.family);
    if (!begun_[family]) {
        begun_[family] = true;
        found.sizes_asked = kSizes.size();
        for (const std::size_t size : kSizes)
            ask(now, Purpose::kSize, server, to, {{}, false, false, size});
        if (message.mapped && !is_own(*message.mapped) && guard::may_believe(to, *message.mapped))
            ask(now, Purpose::kHairpin, server, *message.mapped, {});
    }
    const bool asked = std::any_of(questions_.begin(), questions_.end(), [&](const Question& one) {
        return one.purpose == Purpose::kStranger && one.to.family == to.family;
    });
    if (asked || !message.other || message.other->family != to.family) return;
    // A server must not make us write to somewhere that it can't reach itself, and what other
    // servers live at has a hole already.
    const bool known =
        std::any_of(plan_.servers.begin(), plan_.servers.end(),
                    [&](const Endpoint& one) { return same_address(one, *message.other); });
    if (known || is_own(*message.other) || !guard::may_believe(to, *message.other)) return;
    if (!plan_.filtering) {
        const bool before = std::any_of(questions_.begin(), questions_.end(), [&](const auto& one) {
            return one.purpose == Purpose::kOther && one.to.family == to.family;
        });
        if (!before) ask(now, Purpose::kOther, server, *message.other, {});
        return;
    }
    others_[family] = *message.other;
    ask(now, Purpose::kStranger, server, to, {{}, true, true, 0});
    ask(now, Purpose::kOtherPort, server, to, {{}, false, true, 0});
}

void NetCheck::give_up(Instant now, Question& question) {
    NetFindings::OfFamily& found = findings_.of(question.to.family);
    switch (question.purpose) {
        case Purpose::kStranger: found.stranger_passes = false; break;
        case Purpose::kOtherPort: found.other_port_passes = false; break;
        case Purpose::kHairpin: found.hairpin = false; break;
        case Purpose::kAddress:
        case Purpose::kOther:
        case Purpose::kSize: break;
    }
    settle(now, question);
}

void NetCheck::handle_timeout(Instant now) {
    // By index: giving up may ask something new.
    for (std::size_t at = 0; at < questions_.size(); ++at) {
        if (!questions_[at].open) continue;
        if (questions_[at].give_up <= now) {
            give_up(now, questions_[at]);
        } else {
            send_due(now, questions_[at]);
        }
    }
    if (now < end_) return;
    for (Question& question : questions_) question.open = false;
    open_ = 0;
}

Instant NetCheck::next_timeout() const {
    if (open_ == 0) return kNever;
    Instant next = end_;
    for (const Question& question : questions_) {
        if (question.open) next = earliest(next, earliest(question.next_send, question.give_up));
    }
    return next;
}

}  // namespace sov::connect
