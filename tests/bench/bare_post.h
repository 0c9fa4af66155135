#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "sovereign/v1/messaging.grpc.pb.h"

namespace sov::bench {

/// A post office without anything behind it: whatever is sent is told to whoever reads the topic.
/// Two apps that write to each other through it take what gRPC itself takes for a message and its
/// answer.
class BarePost final : public sovereign::v1::Messaging::CallbackService {
  public:
    grpc::ServerWriteReactor<sovereign::v1::SendProgress>* Send(
        grpc::CallbackServerContext*, const sovereign::v1::SendRequest* request) override {
        const std::lock_guard lock(mutex_);
        if (const auto reader = readers_.find(request->topic()); reader != readers_.end()) {
            reader->second->tell(*request);
        } else {
            unread_[request->topic()].push_back(*request);
        }
        return new Accepted;
    }

    grpc::ServerWriteReactor<sovereign::v1::ReceivedMessage>* Receive(
        grpc::CallbackServerContext*, const sovereign::v1::ReceiveRequest* request) override {
        auto* reader = new Reader(*this, request->topic());
        const std::lock_guard lock(mutex_);
        readers_[request->topic()] = reader;
        for (const auto& early : std::exchange(unread_[request->topic()], {})) reader->tell(early);
        return reader;
    }

    grpc::ServerUnaryReactor* AcknowledgeMessages(
        grpc::CallbackServerContext* context, const sovereign::v1::AcknowledgeMessagesRequest*,
        sovereign::v1::AcknowledgeMessagesResponse*) override {
        auto* reactor = context->DefaultReactor();
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }

  private:
    /// Says one word and is done.
    class Accepted final : public grpc::ServerWriteReactor<sovereign::v1::SendProgress> {
      public:
        Accepted() { StartWriteAndFinish(&progress_, grpc::WriteOptions(), grpc::Status::OK); }
        void OnDone() override { delete this; }

      private:
        sovereign::v1::SendProgress progress_;
    };

    class Reader final : public grpc::ServerWriteReactor<sovereign::v1::ReceivedMessage> {
      public:
        Reader(BarePost& post, std::string topic) : post_(post), topic_(std::move(topic)) {}

        /// Under the post's lock.
        void tell(const sovereign::v1::SendRequest& request) {
            auto& message = waiting_.emplace_back();
            message.set_serial(++serial_);
            message.mutable_from()->set_text(request.target().peer_text());
            message.set_topic(request.topic());
            message.set_body(request.body());
            if (waiting_.size() == 1) StartWrite(&message);
        }

        void OnWriteDone(bool ok) override {
            const std::lock_guard lock(post_.mutex_);
            waiting_.pop_front();
            if (ok && !waiting_.empty()) StartWrite(&waiting_.front());
        }

        void OnCancel() override {
            const std::lock_guard lock(post_.mutex_);
            post_.readers_.erase(topic_);
            Finish(grpc::Status::CANCELLED);
        }

        void OnDone() override { delete this; }

      private:
        BarePost& post_;
        std::string topic_;
        std::deque<sovereign::v1::ReceivedMessage> waiting_;
        std::uint64_t serial_ = 0;
    };

    std::mutex mutex_;
    std::map<std::string, Reader*> readers_;  ///< by topic
    /// What came before its reader.
    std::map<std::string, std::vector<sovereign::v1::SendRequest>> unread_;
};

}  // namespace sov::bench
