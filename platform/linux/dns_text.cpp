#include "platform/linux/dns_text.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>

#include "daemon/core/base/dns_answer.h"

namespace sov::host {

namespace {

constexpr std::size_t kAnswerMax = 64 << 10;
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

}  // namespace

DnsTexts texts_in(ByteView answer) {
    auto texts = read_dns_texts(answer);
    if (!texts) return {{}, "the DNS server's answer is damaged"};
    if (texts->empty()) return {{}, words_of(NO_DATA)};
    return {std::move(*texts), ""};
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
