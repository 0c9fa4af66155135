#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <string>
#include <tuple>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"

namespace sov::api {

/// Answers of peers to requests of apps, for as long as the peer said that they stay true. A user
/// of this host never sees what another one asked. Core thread.
class AnswerCache {
  public:
    static constexpr std::size_t kAnswersMax = 256;    ///< past it the one that ends first goes
    static constexpr std::size_t kBytesMax = 4 << 20;  ///< of questions and answers, likewise
    static constexpr std::size_t kAnswerBytesMax = 256 << 10;  ///< larger ones are not kept
    static constexpr std::chrono::hours kTimeMax{1};           ///< whatever the peer says

    /// What was asked, by whom of this host, and whom.
    struct Question {
        uid_t user = 0;
        PeerId peer;
        std::string name;
        Bytes body;

        friend bool operator<(const Question& a, const Question& b) {
            return std::tie(a.user, a.peer, a.name, a.body) <
                   std::tie(b.user, b.peer, b.name, b.body);
        }
    };

    /// The whole answer, until the next call; null when there is none that is still true.
    const Bytes* find(Instant now, const Question& question);
    /// Replaces what was kept for the question. Cost: a look at each answer when one has to go.
    void keep(Instant now, Question question, Bytes answer, Duration time);
    /// What was kept is not true any more.
    void forget(const Question& question);

    std::size_t size() const { return kept_.size(); }
    std::size_t bytes() const { return bytes_; }

  private:
    struct Kept {
        Bytes answer;
        Instant until{};
    };
    using Table = std::map<Question, Kept>;
    static std::size_t size_of(const Table::value_type& entry);
    void erase(Table::iterator at);

    Table kept_;
    std::size_t bytes_ = 0;
};

}  // namespace sov::api
