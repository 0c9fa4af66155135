#include "platform/linux/dns_text.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace sov::host {
namespace {

void add_u16(Bytes& to, std::size_t value) {
    to.push_back(static_cast<std::uint8_t>(value >> 8));
    to.push_back(static_cast<std::uint8_t>(value));
}

// An answer to one question with these records; `question` is what stands behind the head.
Bytes answer_with(std::uint16_t id, const Bytes& question,
                  const std::vector<std::pair<int, Bytes>>& records, int code = 0) {
    Bytes bytes;
    add_u16(bytes, id);
    add_u16(bytes, 0x8180U | static_cast<unsigned>(code));
    add_u16(bytes, 1);
    add_u16(bytes, records.size());
    add_u16(bytes, 0);
    add_u16(bytes, 0);
    bytes.insert(bytes.end(), question.begin(), question.end());
    for (const auto& [type, data] : records) {
        add_u16(bytes, 0xc00c);
        add_u16(bytes, static_cast<std::size_t>(type));
        add_u16(bytes, 1);
        add_u16(bytes, 0);
        add_u16(bytes, 60);
        add_u16(bytes, data.size());
        bytes.insert(bytes.end(), data.begin(), data.end());
    }
    return bytes;
}

Bytes strings(const std::vector<std::string>& parts) {
    Bytes bytes;
    for (const std::string& part : parts) {
        bytes.push_back(static_cast<std::uint8_t>(part.size()));
        bytes.insert(bytes.end(), part.begin(), part.end());
    }
    return bytes;
}

const Bytes kQuestion = [] {
    Bytes bytes = strings({"list", "test"});
    bytes.push_back(0);
    add_u16(bytes, 16);
    add_u16(bytes, 1);
    return bytes;
}();

constexpr int kTxt = 16, kAddress = 1;

// A DNS server on loopback that answers one question.
class OneAnswer {
  public:
    explicit OneAnswer(std::vector<std::pair<int, Bytes>> records, int code = 0) {
        socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
        getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        server = Endpoint::v4(INADDR_LOOPBACK, ntohs(address.sin_port));
        thread_ = std::thread([this, records = std::move(records), code] {
            Bytes query(512);
            sockaddr_in from{};
            socklen_t length = sizeof from;
            const auto got = recvfrom(socket_, query.data(), query.size(), 0,
                                      reinterpret_cast<sockaddr*>(&from), &length);
            if (got < 12) return;
            const Bytes reply = answer_with(static_cast<std::uint16_t>(query[0] << 8 | query[1]),
                                            kQuestion, records, code);
            sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from),
                   length);
        });
    }
    ~OneAnswer() {
        thread_.join();
        close(socket_);
    }
    OneAnswer(const OneAnswer&) = delete;
    OneAnswer& operator=(const OneAnswer&) = delete;

    Endpoint server;

  private:
    int socket_ = -1;
    std::thread thread_;
};

TEST(DnsText, joins_the_strings_of_a_record) {
    OneAnswer dns({{kTxt, strings({std::string(255, 'a'), "b"})}, {kTxt, strings({"other"})}});
    const DnsTexts found = look_up_texts("list.test", dns.server);
    EXPECT_EQ(found.problem, "");
    EXPECT_EQ(found.texts, (std::vector<std::string>{std::string(255, 'a') + "b", "other"}));
}

TEST(DnsText, says_why_there_are_none) {
    {
        OneAnswer dns({}, 3);
        EXPECT_EQ(look_up_texts("list.test", dns.server).problem, "no such name");
    }
    OneAnswer dns({});
    EXPECT_EQ(look_up_texts("list.test", dns.server).problem, "the name has no TXT record");
}

TEST(DnsText, leaves_what_is_no_text_what_is_damaged_and_what_is_too_much) {
    const Bytes beyond = {200, 'x'};
    const auto found = texts_in(answer_with(
        1, kQuestion, {{kAddress, {192, 0, 2, 1}}, {kTxt, beyond}, {kTxt, strings({"good"})}}));
    EXPECT_EQ(found.texts, std::vector<std::string>{"good"});
    std::vector<std::pair<int, Bytes>> many(20, {kTxt, strings({"x"})});
    EXPECT_EQ(texts_in(answer_with(1, kQuestion, many)).texts.size(), 16U);
    EXPECT_FALSE(texts_in({}).problem.empty());
    const Bytes whole = answer_with(1, kQuestion, {{kTxt, strings({"good"})}});
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_TRUE(texts_in(ByteView(whole).first(size)).texts.empty()) << size;
}

}  // namespace
}  // namespace sov::host
