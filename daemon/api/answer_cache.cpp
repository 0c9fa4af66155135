#include "daemon/api/answer_cache.h"

#include <algorithm>
#include <utility>

namespace sov::api {

std::size_t AnswerCache::size_of(const Table::value_type& entry) {
    return entry.first.name.size() + entry.first.body.size() + entry.second.answer.size();
}

void AnswerCache::erase(Table::iterator at) {
    bytes_ -= size_of(*at);
    kept_.erase(at);
}

const Bytes* AnswerCache::find(Instant now, const Question& question) {
    const auto found = kept_.find(question);
    if (found == kept_.end()) return nullptr;
    if (found->second.until > now) return &found->second.answer;
    erase(found);
    return nullptr;
}

void AnswerCache::keep(Instant now, Question question, Bytes answer, Duration time) {
    forget(question);
    if (answer.size() > kAnswerBytesMax || time <= Duration{0}) return;
    const Instant until = now + std::min<Duration>(time, kTimeMax);
    const auto added = kept_.emplace(std::move(question), Kept{std::move(answer), until}).first;
    bytes_ += size_of(*added);
    while (kept_.size() > kAnswersMax || bytes_ > kBytesMax) {
        erase(std::min_element(kept_.begin(), kept_.end(), [](const auto& a, const auto& b) {
            return a.second.until < b.second.until;
        }));
    }
}

void AnswerCache::forget(const Question& question) {
    if (const auto found = kept_.find(question); found != kept_.end()) erase(found);
}

}  // namespace sov::api
