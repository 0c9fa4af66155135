#include "daemon/app/list_sources.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <fstream>
#include <mutex>
#include <thread>
#include <utility>

#include "platform/linux/dns_text.h"

namespace sov::app {

namespace {

/// A list has at most 12 KiB, which are 24 in hexadecimal.
constexpr std::streamsize kListFileMax = 64 << 10;

}  // namespace

struct ListSources::Lookup {
    std::mutex mutex;
    ListSources* owner = nullptr;  ///< nobody once it was stopped; guarded by `mutex`
};

ListSources::ListSources(boost::asio::io_context& context, ListPlaces places, Sinks sinks)
    : context_(context),
      places_(std::move(places)),
      sinks_(std::move(sinks)),
      timer_(context),
      dns_timer_(context) {}

void ListSources::set_places(ListPlaces places) {
    stop();
    places_ = std::move(places);
    look();
}

void ListSources::stop() {
    timer_.cancel();
    dns_timer_.cancel();
    if (const auto lookup = std::exchange(lookup_, nullptr)) {
        const std::lock_guard lock(lookup->mutex);
        lookup->owner = nullptr;
    }
}

void ListSources::again_in(boost::asio::steady_timer& timer, std::chrono::seconds pause,
                           void (ListSources::*what)()) {
    timer.expires_after(pause);
    timer.async_wait([this, what](const boost::system::error_code& error) {
        if (!error) (this->*what)();
    });
}

void ListSources::look() {
    look_in_file();
    if (places_.dht) sinks_.read_dht();
    dns_pause_ = std::min(kFirstPause, places_.refresh);
    dns_timer_.cancel();
    look_in_dns();
    again_in(timer_, places_.refresh, &ListSources::look);
}

void ListSources::look_in_file() {
    if (places_.file.empty()) return;
    const std::string where = "file " + places_.file;
    std::ifstream file(places_.file, std::ios::binary);
    std::string text(static_cast<std::size_t>(kListFileMax), '\0');
    if (!file) return sinks_.failed(where, "it can't be read");
    file.read(text.data(), kListFileMax);
    text.resize(static_cast<std::size_t>(file.gcount()));
    sinks_.found(text, where);
}

void ListSources::look_in_dns() {
    if (places_.dns_name.empty() || lookup_) return;
    lookup_ = std::make_shared<Lookup>();
    lookup_->owner = this;
    std::thread([lookup = lookup_, name = places_.dns_name, server = places_.dns_server] {
        host::DnsTexts answer = host::look_up_texts(name, server);
        const std::lock_guard lock(lookup->mutex);
        // While somebody waits for the answer, the loop is there.
        if (lookup->owner == nullptr) return;
        boost::asio::post(lookup->owner->context_, [lookup, answer = std::move(answer)]() mutable {
            ListSources* owner = nullptr;
            {
                const std::lock_guard still(lookup->mutex);
                owner = lookup->owner;
            }
            if (owner != nullptr) owner->dns_answered(std::move(answer.texts), answer.problem);
        });
    }).detach();
}

void ListSources::dns_answered(std::vector<std::string> texts, const std::string& problem) {
    lookup_.reset();
    const std::string where = "DNS " + places_.dns_name;
    if (!problem.empty()) {
        sinks_.failed(where, problem);
        again_in(dns_timer_, dns_pause_, &ListSources::look_in_dns);
        dns_pause_ = std::min(dns_pause_ * 2, places_.refresh);
        return;
    }
    for (const std::string& text : texts) sinks_.found(text, where);
}

}  // namespace sov::app
