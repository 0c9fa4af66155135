#pragma once

#include <deque>
#include <set>
#include <string>
#include <vector>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/connect/stun_format.h"
#include "daemon/core/connect/turn_client.h"
#include "platform/openssl/turn_digests.h"

namespace sov::test {

inline const connect::TurnDigests& real_turn_digests() {
    static const connect::TurnDigests digests{openssl::md5, openssl::hmac_sha1};
    return digests;
}

/// The other end of TurnClient's stream, as far as RFC 8656 asks of a server, written against the
/// RFC and not with the client's own encoder.
class TurnServer {
  public:
    std::string user = "lab", password = "secret", realm = "lab", nonce = "first";
    Endpoint lends = *Endpoint::parse("203.0.113.1:50000");
    std::uint16_t refuses_with = 0;  ///< every Allocate, once it is signed
    std::uint32_t lifetime = 600;
    bool signs = true;  ///< its answers
    std::size_t allocations = 0, refreshes = 0, returned = 0, permissions = 0, stale = 0;
    std::set<std::string> permitted;  ///< addresses without ports
    struct Sent {
        Endpoint to;
        Bytes datagram;
    };
    std::vector<Sent> sent;

    /// What the client wrote; the answers are what it reads next.
    Bytes take(ByteView stream) {
        held_.insert(held_.end(), stream.begin(), stream.end());
        Bytes answers;
        while (held_.size() >= 20 && held_.size() >= 20U + load_u16(&held_[2])) {
            const std::size_t size = 20U + load_u16(&held_[2]);
            handle(ByteView(held_).first(size), answers);
            held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(size));
        }
        return answers;
    }

    /// A datagram of `from` for the client, if the server lets it in.
    Bytes deliver(const Endpoint& from, ByteView datagram) {
        if (!permitted.contains(from.address_text())) return {};
        const connect::StunId id{9};
        Bytes body;
        attribute(0x0012, masked(from, id), body);
        attribute(0x0013, datagram, body);
        return message(0x0017, id, body);
    }

  private:
    struct Question {
        std::uint16_t type = 0;
        connect::StunId id{};
        std::vector<Endpoint> peers;
        std::optional<Bytes> data;
        std::string nonce;
        std::uint32_t lifetime = 600;
        bool is_signed = false;
    };

    static void attribute(std::uint16_t type, ByteView value, Bytes& out) {
        out.push_back(static_cast<std::uint8_t>(type >> 8));
        out.push_back(static_cast<std::uint8_t>(type));
        out.push_back(static_cast<std::uint8_t>(value.size() >> 8));
        out.push_back(static_cast<std::uint8_t>(value.size()));
        out.insert(out.end(), value.begin(), value.end());
        while (out.size() % 4 != 0) out.push_back(0);
    }
    static Bytes masked(const Endpoint& endpoint, const connect::StunId& id) {
        Bytes mask{0x21, 0x12, 0xa4, 0x42};
        mask.insert(mask.end(), id.begin(), id.end());
        Bytes value{0, static_cast<std::uint8_t>(endpoint.family == Family::kIpv4 ? 1 : 2),
                    static_cast<std::uint8_t>((endpoint.port >> 8) ^ 0x21),
                    static_cast<std::uint8_t>(endpoint.port ^ 0x12)};
        for (std::size_t at = 0; at < endpoint.address_size(); ++at) {
            value.push_back(static_cast<std::uint8_t>(endpoint.address[at] ^ mask[at]));
        }
        return value;
    }
    static Bytes message(std::uint16_t type, const connect::StunId& id, const Bytes& body) {
        Bytes out{static_cast<std::uint8_t>(type >> 8),
                  static_cast<std::uint8_t>(type),
                  static_cast<std::uint8_t>(body.size() >> 8),
                  static_cast<std::uint8_t>(body.size()),
                  0x21,
                  0x12,
                  0xa4,
                  0x42};
        out.insert(out.end(), id.begin(), id.end());
        out.insert(out.end(), body.begin(), body.end());
        return out;
    }

    Question read(ByteView bytes) const {
        Question question;
        question.type = load_u16(bytes.data());
        std::copy_n(bytes.begin() + 8, 12, question.id.begin());
        ByteReader reader(bytes.subspan(20));
        while (reader.remaining() > 0) {
            const std::size_t begin = 20 + reader.position();
            const std::uint16_t type = reader.u16();
            const std::size_t size = reader.u16();
            const ByteView value = reader.bytes((size + 3) / 4 * 4).first(size);
            if (type == 0x0012)
                question.peers.push_back(*connect::read_stun_address(value, bytes.subspan(4, 16)));
            if (type == 0x0013) question.data = to_bytes(value);
            if (type == 0x0015) question.nonce = to_text(value);
            if (type == 0x000d) question.lifetime = load_u32(value.data());
            if (type != 0x0008) continue;
            Bytes covered = to_bytes(bytes.first(begin));
            store_u16(&covered[2], static_cast<std::uint16_t>(begin - 20 + 24));
            const auto expected = openssl::hmac_sha1(key(), covered);
            question.is_signed = std::equal(value.begin(), value.end(), expected.begin());
        }
        return question;
    }
    std::array<std::uint8_t, 16> key() const {
        const std::string secret = user + ':' + realm + ':' + password;
        return openssl::md5(as_bytes(secret));
    }

    void refuse(const Question& question, std::uint16_t code, Bytes& answers) const {
        Bytes body;
        attribute(0x0009,
                  Bytes{0, 0, static_cast<std::uint8_t>(code / 100),
                        static_cast<std::uint8_t>(code % 100)},
                  body);
        attribute(0x0014, as_bytes(realm), body);
        attribute(0x0015, as_bytes(nonce), body);
        const Bytes out =
            message(static_cast<std::uint16_t>(question.type | 0x0110), question.id, body);
        answers.insert(answers.end(), out.begin(), out.end());
    }
    void answer(const Question& question, Bytes body, Bytes& answers) const {
        Bytes out = message(static_cast<std::uint16_t>(question.type | 0x0100), question.id, body);
        if (signs) {
            store_u16(&out[2], static_cast<std::uint16_t>(out.size() - 20 + 24));
            const auto code = openssl::hmac_sha1(key(), out);
            attribute(0x0008, code, out);
        }
        answers.insert(answers.end(), out.begin(), out.end());
    }

    void handle(ByteView bytes, Bytes& answers) {
        const Question question = read(bytes);
        if (question.type == 0x0016) {
            if (!question.peers.empty() && question.data &&
                permitted.contains(question.peers[0].address_text()))
                sent.push_back({question.peers[0], *question.data});
            return;
        }
        if (!question.is_signed) return refuse(question, 401, answers);
        if (question.nonce != nonce) {
            ++stale;
            return refuse(question, 438, answers);
        }
        Bytes body;
        const std::array<std::uint8_t, 4> time{
            static_cast<std::uint8_t>(lifetime >> 24), static_cast<std::uint8_t>(lifetime >> 16),
            static_cast<std::uint8_t>(lifetime >> 8), static_cast<std::uint8_t>(lifetime)};
        if (question.type == 0x0003) {
            if (refuses_with != 0) return refuse(question, refuses_with, answers);
            ++allocations;
            attribute(0x0016, masked(lends, question.id), body);
            attribute(0x000d, time, body);
        } else if (question.type == 0x0004) {
            ++(question.lifetime == 0 ? returned : refreshes);
            attribute(0x000d, time, body);
        } else {
            ++permissions;
            for (const Endpoint& peer : question.peers) permitted.insert(peer.address_text());
        }
        answer(question, std::move(body), answers);
    }

    Bytes held_;
};

}  // namespace sov::test
