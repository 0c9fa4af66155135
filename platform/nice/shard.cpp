#include "platform/nice/shard.h"

#include <utility>

namespace sov::nice {

namespace {

/// How long servers may take to answer that they have taken their relays back.
constexpr guint kGoodbyeMilliseconds = 1000;

void attach(GSource* source, GMainContext* context, GSourceFunc call, gpointer data) {
    // An idle source would wait for as long as datagrams keep coming.
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, call, data, nullptr);
    g_source_attach(source, context);
    g_source_unref(source);
}

}  // namespace

Shard::Shard(std::size_t inbox_bytes_max, std::function<void()> wake)
    : inbox_(inbox_bytes_max, std::move(wake)),
      context_(g_main_context_new()),
      loop_(g_main_loop_new(context_, FALSE)),
      thread_([this] { run(); }) {}

Shard::~Shard() {
    post([this] { leave(); });
    thread_.join();
    g_main_loop_unref(loop_);
    g_main_context_unref(context_);
}

void Shard::post(Task task) {
    {
        const std::lock_guard guard(mutex_);
        tasks_.push_back(std::move(task));
        if (tasks_.size() > 1) return;
    }
    attach(
        g_idle_source_new(), context_,
        [](gpointer data) -> gboolean {
            static_cast<Shard*>(data)->run_tasks();
            return G_SOURCE_REMOVE;
        },
        this);
}

void Shard::run() {
    // Answers of asynchronous calls come to the loop of the thread that made the call.
    g_main_context_push_thread_default(context_);
    g_main_loop_run(loop_);
    g_main_context_pop_thread_default(context_);
}

void Shard::run_tasks() {
    std::vector<Task> tasks;
    {
        const std::lock_guard guard(mutex_);
        tasks.swap(tasks_);
    }
    for (const Task& task : tasks) task();
}

void Shard::agent_closed() {
    --agents_;
    if (leaving_ && agents_ == 0) g_main_loop_quit(loop_);
}

void Shard::leave() {
    leaving_ = true;
    if (agents_ == 0) return g_main_loop_quit(loop_);
    attach(
        g_timeout_source_new(kGoodbyeMilliseconds), context_,
        [](gpointer data) -> gboolean {
            g_main_loop_quit(static_cast<GMainLoop*>(data));
            return G_SOURCE_REMOVE;
        },
        loop_);
}

}  // namespace sov::nice
