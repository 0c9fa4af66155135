#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "client/ctl/child_process.h"
#include "client/sovereign_client.h"

// What a daemon and peers would say about requests, for tests of the verbs.

namespace sov::ctl::test {

/// What became of each request that was told. Written on any thread.
class AnswerSheet final : public client::AnswerLine {
  public:
    bool answer(std::uint64_t request, std::string_view body,
                std::chrono::milliseconds keep) override {
        return note(request, "answer " + std::string(body) +
                                 (keep.count() > 0 ? " for " + std::to_string(keep.count()) : ""));
    }
    bool refuse(std::uint64_t request, const client::RequestRefusal& refusal) override {
        return note(request, "refusal " + std::to_string(refusal.code) + ' ' + refusal.text +
                                 (refusal.detail.empty() ? "" : " | " + refusal.detail));
    }
    void end() override {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }
    void wait_for(std::size_t outcomes) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return said_.size() >= outcomes || ended_; });
    }
    std::map<std::uint64_t, std::string> said() {
        const std::lock_guard lock(mutex_);
        return said_;
    }
    bool ended() {
        const std::lock_guard lock(mutex_);
        return ended_;
    }

  private:
    bool note(std::uint64_t request, std::string text) {
        const std::lock_guard lock(mutex_);
        if (ended_) return false;
        said_[request] = std::move(text);
        changed_.notify_all();
        return true;
    }

    std::mutex mutex_;  ///< guards all
    std::condition_variable changed_;
    std::map<std::uint64_t, std::string> said_;
    bool ended_ = false;
};

struct RequestScript {
    // of a request
    client::RequestQuery query;  ///< what was asked for last
    std::vector<std::string> parts;
    client::Result<client::RequestOutcome> outcome = client::RequestOutcome{};
    // of answering
    std::vector<client::AskedRequest> asked;
    /// Between the requests and the end of the call; without it all are waited for.
    std::function<void(const client::AnsweringTold&)> meanwhile;
    client::Result<client::Done> end = client::Done{};
    std::shared_ptr<AnswerSheet> sheet = std::make_shared<AnswerSheet>();
    /// What commands do.
    std::function<ChildOutcome(const ChildWish&, const std::stop_token&)> run_child;

    client::Result<client::RequestOutcome> ask(
        const client::RequestQuery& what, const std::function<bool(std::string_view)>& on_part) {
        query = what;
        for (const std::string& part : parts) {
            if (!on_part(part)) return client::RequestOutcome{};
        }
        return outcome;
    }
    client::Result<client::Done> serve(const client::AnsweringTold& told) {
        told.serving();
        for (const client::AskedRequest& request : asked) told.asked(request, sheet);
        meanwhile ? meanwhile(told) : sheet->wait_for(asked.size());
        return end;
    }
};

}  // namespace sov::ctl::test
