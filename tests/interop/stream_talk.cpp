#include "tests/interop/stream_talk.h"

namespace sov::interop {

namespace {

using ports::StreamId;

constexpr std::size_t kPiece = 64 << 10;

}  // namespace

streams::Identify about_us(PeerLoop& loop, const Endpoint& remote) {
    streams::Identify us;
    us.peer = PeerId{loop.user().public_key};
    us.protocol_version = "sovereign/1";
    us.agent = "sovereign-interop";
    us.addresses = {streams::Multiaddr::quic(loop.path().local())};
    us.observed = streams::Multiaddr::quic(remote);
    us.protocols = {std::string(streams::kPingProtocol), std::string(streams::kIdentifyProtocol),
                    std::string(kEchoProtocol)};
    return us;
}

void Answers::handle(const ports::TransportEvent& event) {
    if (const auto* connected = std::get_if<ports::Connected>(&event)) {
        remotes_[connected->connection] = connected->remote;
    } else if (const auto* arrived = std::get_if<ports::StreamArrived>(&event)) {
        begin(arrived->stream);
    } else if (const auto* readable = std::get_if<ports::StreamReadable>(&event)) {
        go_on(readable->stream);
    } else if (const auto* writable = std::get_if<ports::StreamWritable>(&event)) {
        go_on(writable->stream);
    } else if (const auto* reset = std::get_if<ports::StreamReset>(&event)) {
        loop_.transport().reset(reset->stream, 0);
        talks_.erase(reset->stream);
    } else if (const auto* ended = std::get_if<ports::StreamEnded>(&event)) {
        talks_.erase(ended->stream);
    }
}

void Answers::begin(const StreamId& stream) {
    talks_.emplace(stream, Talk{streams::Chooser({std::string(streams::kPingProtocol),
                                                  std::string(streams::kIdentifyProtocol),
                                                  std::string(kEchoProtocol)}),
                                {},
                                {},
                                false,
                                false});
}

// Reads only while what is to be said fits: a reader that is slow slows the writer.
void Answers::go_on(const StreamId& stream) {
    const auto found = talks_.find(stream);
    if (found == talks_.end()) return;
    Talk& talk = found->second;
    for (;;) {
        const bool end = talk.ended && !talk.end_said;
        if (!talk.out.empty() || end) {
            const auto taken = loop_.transport().write(stream, talk.out, end);
            if (!taken) return;
            talk.out.erase(talk.out.begin(),
                           talk.out.begin() + static_cast<std::ptrdiff_t>(*taken));
            if (!talk.out.empty()) return;
            talk.end_said = end;
        }
        if (talk.ended) return;
        auto read = loop_.transport().read(stream, kPiece);
        if (!read) return;
        if (read->bytes.empty() && !read->ended) return;
        talk.ended = read->ended;
        take(talk, stream.connection, std::move(read->bytes));
    }
}

void Answers::take(Talk& talk, ports::ConnectionId connection, Bytes bytes) {
    if (talk.chooser.agreed().empty()) {
        if (!talk.chooser.receive(bytes, talk.out)) talk.ended = true;
        if (talk.chooser.agreed().empty()) return;
        bytes = talk.chooser.take_rest();
        if (talk.chooser.agreed() == streams::kIdentifyProtocol) {
            streams::append_delimited(
                talk.out, *streams::encode_identify(about_us(loop_, remotes_[connection])));
            talk.ended = true;
        }
    }
    if (talk.chooser.agreed() == streams::kPingProtocol) talk.ping.receive(bytes, talk.out);
    if (talk.chooser.agreed() == kEchoProtocol) {
        talk.out.insert(talk.out.end(), bytes.begin(), bytes.end());
    }
}

std::optional<Bytes> ask(PeerLoop& loop, Answers& answers, ports::ConnectionId connection,
                         std::string_view protocol, streams::Proposer::Mode mode, ByteView question,
                         bool end, std::size_t enough) {
    auto& transport = loop.transport();
    const auto stream = transport.open_stream(connection);
    if (!stream) return std::nullopt;
    streams::Proposer proposer({std::string(protocol)}, mode);
    Bytes out = proposer.opening(), got;
    bool failed = false, said = false, done = false;
    const auto speak = [&] {
        if (!said && (mode == streams::Proposer::Mode::kLazy || !proposer.agreed().empty())) {
            out.insert(out.end(), question.begin(), question.end());
            said = true;
        }
        if (out.empty()) return;
        const auto taken = transport.write(*stream, out, end && said);
        failed = failed || !taken;
        if (taken) out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*taken));
    };
    const auto listen = [&] {
        const auto read = transport.read(*stream, kPiece);
        if (!read) return;
        Bytes bytes = read->bytes;
        if (proposer.agreed().empty()) {
            failed = failed || !proposer.receive(bytes, out);
            if (proposer.agreed().empty()) return;
            bytes = proposer.take_rest();
        }
        got.insert(got.end(), bytes.begin(), bytes.end());
        done = read->ended || got.size() >= enough;
    };
    speak();
    const bool in_time =
        loop.run([&](const ports::TransportEvent& event) { answers.handle(event); },
                 [&] {
                     if (!failed && !done) listen();
                     if (!failed && !done) speak();
                     return failed || done;
                 },
                 std::chrono::seconds{10});
    transport.reset(*stream, 0);
    if (!in_time || failed || proposer.agreed().empty()) return std::nullopt;
    return got;
}

}  // namespace sov::interop
