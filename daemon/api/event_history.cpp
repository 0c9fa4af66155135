#include "daemon/api/event_history.h"

#include <algorithm>
#include <utility>

namespace sov::api {

bool glob_matches(std::string_view glob, std::string_view type) {
    // Remembers the last star and lets it swallow one character more on each failure: linear
    // memory, at most |glob| x |type| steps.
    std::size_t g = 0, t = 0;
    std::optional<std::size_t> star;
    std::size_t swallowed = 0;
    while (t < type.size()) {
        if (g < glob.size() && glob[g] == '*') {
            star = g++;
            swallowed = t;
        } else if (g < glob.size() && (glob[g] == '?' || glob[g] == type[t])) {
            ++g;
            ++t;
        } else if (star) {
            g = *star + 1;
            t = ++swallowed;
        } else {
            return false;
        }
    }
    while (g < glob.size() && glob[g] == '*') ++g;
    return g == glob.size();
}

namespace {

bool is_lesser(const sovereign::v1::Event& event, const std::string& lesser) {
    return !lesser.empty() && event.type() == lesser;
}

}  // namespace

bool EventFilter::wants(const sovereign::v1::Event& event) const {
    const bool matches =
        globs.empty() || std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
            return glob_matches(glob, event.type());
        });
    return matches && (!also || also(event));
}

void EventHistory::add(sovereign::v1::Event event) {
    const std::lock_guard lock(mutex_);
    event.set_cursor(++last_cursor_);
    const auto shared = std::make_shared<const sovereign::v1::Event>(std::move(event));
    remembered_.push_back(shared);
    if (is_lesser(*shared, lesser_)) ++lesser_count_;
    if (remembered_.size() > kRemembered) forget_one();
    for (EventReader* reader : readers_) {
        if (!reader->filter_.wants(*shared)) continue;
        if (std::exchange(reader->idle_, false)) {
            reader->give(shared);
            continue;
        }
        if (reader->queue_.size() >= reader->queue_max_) {
            reader->queue_.pop_front();
            ++reader->missed_;
        }
        reader->queue_.push_back(shared);
    }
}

void EventHistory::forget_one() {
    auto goes = remembered_.begin();
    if (lesser_count_ > kRemembered / 2) {
        goes = std::find_if(remembered_.begin(), remembered_.end(),
                            [&](const SharedEvent& event) { return is_lesser(*event, lesser_); });
    }
    if (is_lesser(**goes, lesser_)) --lesser_count_;
    remembered_.erase(goes);
}

bool EventHistory::join(EventReader& reader, EventFilter filter, From from,
                        std::vector<SharedEvent> preface) {
    const std::lock_guard lock(mutex_);
    if (closed_ || readers_.size() >= kReadersMax) return false;
    reader.filter_ = std::move(filter);
    reader.queue_.assign(preface.begin(), preface.end());
    if (from.oldest || from.cursor > 0) {
        const std::uint64_t oldest =
            remembered_.empty() ? last_cursor_ + 1 : remembered_.front()->cursor();
        if (!from.oldest && from.cursor + 1 < oldest) reader.missed_ = oldest - from.cursor - 1;
        for (const SharedEvent& event : remembered_) {
            const bool after = from.oldest || event->cursor() > from.cursor;
            if (after && reader.filter_.wants(*event)) reader.queue_.push_back(event);
        }
    }
    // What is there at the beginning must not count as slowness.
    reader.queue_max_ = std::max(EventReader::kQueueMax, reader.queue_.size());
    readers_.insert(&reader);
    return true;
}

void EventHistory::part(EventReader& reader) {
    const std::lock_guard lock(mutex_);
    readers_.erase(&reader);
}

SharedEvent EventHistory::take(EventReader& reader) {
    const std::lock_guard lock(mutex_);
    if (reader.missed_ > 0) return gap(std::exchange(reader.missed_, 0));
    if (reader.queue_.empty()) {
        reader.idle_ = true;
        return nullptr;
    }
    SharedEvent event = std::move(reader.queue_.front());
    reader.queue_.pop_front();
    return event;
}

void EventHistory::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (EventReader* reader : readers_) reader->leave();
}

std::size_t EventHistory::readers() const {
    const std::lock_guard lock(mutex_);
    return readers_.size();
}

SharedEvent EventHistory::gap(std::uint64_t missed) const {
    auto event = std::make_shared<sovereign::v1::Event>();
    event->set_type("stream.gap");
    event->set_summary(
        std::to_string(missed) +
        " events are missing here: they came faster than they were read, or are gone");
    event->mutable_gap()->set_missed(missed);
    return event;
}

}  // namespace sov::api
