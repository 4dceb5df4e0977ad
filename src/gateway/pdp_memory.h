// What one loop knows of the company's decision point: answers for a while, and the questions under way, which equal ones share.
// Failures are never remembered. Belongs to the loop's thread; bounded by limits::pdp_answers_remembered_max.
#pragma once

#include "base/limits.h"
#include "crypto/crypto.h"
#include "gateway/pdp_answer.h"
#include "net/loop.h"
#include "net/stream.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace sallyport::gateway {

// One call, and the exchanges that wait for its answer. It runs by itself: a client that leaves takes nothing from the others.
class PdpCall {
public:
    class Waiter {
    public:
        Waiter(net::Loop& loop, PdpCall& call) : completion(loop), call_(call) { call.waiters_.push_back(this); }
        ~Waiter() { std::erase(call_.waiters_, this); }
        Waiter(const Waiter&) = delete;
        Waiter& operator=(const Waiter&) = delete;
        void wake() {
            if (!std::exchange(woken_, true)) completion.complete();
        }
        // The client went: the call ends when nobody else waits for it.
        void leave() {
            std::erase(call_.waiters_, this);
            if (call_.waiters_.empty()) call_.cancel();
        }
        net::Completion completion;

    private:
        PdpCall& call_;
        bool woken_ = false;
    };

    // While bytes pass, so that cancel() reaches them.
    class Stage {
    public:
        Stage(PdpCall& call, net::Stream& stream) : call_(call) { call.stream_ = &stream; }
        ~Stage() { call_.stream_ = nullptr; }
        Stage(const Stage&) = delete;
        Stage& operator=(const Stage&) = delete;

    private:
        PdpCall& call_;
    };

    void answered(Result<PdpAnswer> told) {
        answer = std::move(told);
        done = true;
        for (Waiter* waiter : waiters_) waiter->wake();
    }
    void cancel() {
        cancelled = true;
        if (stream_ != nullptr) stream_->cancel();
    }

    Result<PdpAnswer> answer;
    bool done = false;
    bool cancelled = false;

private:
    std::vector<Waiter*> waiters_;
    net::Stream* stream_ = nullptr;
};

class PdpMemory {
public:
    const PdpAnswer* find(const crypto::Digest& key, std::int64_t now_ms) const {
        const auto found = answers_.find(key);
        return found == answers_.end() || found->second.until_ms <= now_ms ? nullptr : &found->second.answer;
    }
    std::shared_ptr<PdpCall> under_way(const crypto::Digest& key) const {
        const auto found = calls_.find(key);
        return found == calls_.end() || found->second->cancelled ? nullptr : found->second;
    }
    void begin(const crypto::Digest& key, std::shared_ptr<PdpCall> call) { calls_[key] = std::move(call); }
    // What was asked before a forget() is over is not kept.
    void end(const crypto::Digest& key, const PdpCall& call, std::int64_t now_ms, std::int64_t remember_ms) {
        const auto found = calls_.find(key);
        if (found == calls_.end() || found->second.get() != &call) return;
        calls_.erase(found);
        if (call.answer && remember_ms > 0) remember(key, *call.answer, now_ms, now_ms + remember_ms);
    }
    void forget() {
        answers_.clear();
        order_.clear();
        calls_.clear();
    }
    std::size_t size() const { return answers_.size(); }

private:
    struct Remembered {
        PdpAnswer answer;
        std::int64_t until_ms = 0;
    };
    // All are kept for the same time, so the first to come is the first to go.
    void remember(const crypto::Digest& key, const PdpAnswer& answer, std::int64_t now_ms, std::int64_t until_ms) {
        while (!order_.empty() &&
               (answers_.size() >= limits::pdp_answers_remembered_max || answers_[order_.front()].until_ms <= now_ms)) {
            answers_.erase(order_.front());
            order_.pop_front();
        }
        if (answers_.insert_or_assign(key, Remembered{answer, until_ms}).second) order_.push_back(key);
    }

    std::map<crypto::Digest, Remembered> answers_;
    std::deque<crypto::Digest> order_;
    std::map<crypto::Digest, std::shared_ptr<PdpCall>> calls_;
};

} // namespace sallyport::gateway
