#include "net/dialer.h"

#include "base/clock.h"
#include "base/limits.h"

#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <netdb.h>
#include <sys/socket.h>
#include <thread>

namespace sallyport::net {

namespace {
constexpr std::int64_t remembered_ms = 30'000; // the system's resolver does not tell the real time to live
constexpr std::int64_t failure_remembered_ms = 2'000;
using Addresses = Result<std::vector<SocketAddress>>;

Addresses look_up(const HostPort& where) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &found);
    if (code != 0)
        return fail(ErrorKind::unavailable, "cannot find the host " + where.host + ": " + ::gai_strerror(code),
                    ErrorSource::upstream, Retry::other_upstream);
    std::vector<SocketAddress> addresses;
    for (const addrinfo* one = found; one != nullptr && addresses.size() < 8; one = one->ai_next) {
        SocketAddress address;
        std::memcpy(address.bytes, one->ai_addr, one->ai_addrlen);
        address.length = one->ai_addrlen;
        addresses.push_back(address);
    }
    ::freeaddrinfo(found);
    return addresses;
}
} // namespace

struct Resolver::Shared {
    struct Entry {
        Addresses addresses = std::vector<SocketAddress>{};
        std::int64_t until_ms = 0;
        std::vector<Completion*> waiters; // of a look-up under way
        bool under_way = false;
    };
    std::mutex mutex;
    std::condition_variable work;
    std::map<std::string, Entry> entries;
    std::deque<HostPort> queue;
    bool stopping = false;
    std::vector<std::thread> threads; // a name that nobody answers holds up one of them only

    // The caller holds the mutex. A client may ask for any number of names.
    void forget_old() {
        if (entries.size() < limits::resolved_names_remembered_max) return;
        const std::int64_t now = monotonic_ms();
        std::erase_if(entries, [&](const auto& one) { return !one.second.under_way && one.second.until_ms <= now; });
        if (entries.size() >= limits::resolved_names_remembered_max)
            std::erase_if(entries, [](const auto& one) { return !one.second.under_way; });
    }

    void run() {
        std::unique_lock lock(mutex);
        while (true) {
            work.wait(lock, [&] { return stopping || !queue.empty(); });
            if (stopping) return;
            const HostPort where = queue.front();
            queue.pop_front();
            lock.unlock();
            Addresses addresses = look_up(where);
            lock.lock();
            Entry& entry = entries[where.text()];
            entry.until_ms = monotonic_ms() + (addresses ? remembered_ms : failure_remembered_ms);
            entry.addresses = std::move(addresses);
            entry.under_way = false;
            for (Completion* waiter : std::exchange(entry.waiters, {})) waiter->complete();
        }
    }
};

// A look-up that somebody waits for; one that is destroyed is told nothing any more.
struct Resolver::Waiting {
    std::shared_ptr<Shared> shared;
    const std::string& key;
    Completion looked_up;
    Waiting(std::shared_ptr<Shared> its_shared, const std::string& its_key, Loop& loop)
        : shared(std::move(its_shared)), key(its_key), looked_up(loop) {}
    ~Waiting() {
        const std::lock_guard lock(shared->mutex);
        if (const auto found = shared->entries.find(key); found != shared->entries.end())
            std::erase(found->second.waiters, &looked_up);
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
};

Resolver::Resolver() : shared_(std::make_shared<Shared>()) {}

Resolver::~Resolver() {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->stopping = true;
    }
    shared_->work.notify_all();
    for (std::thread& thread : shared_->threads) thread.join();
}

Task<Addresses> Resolver::resolve(Loop& loop, HostPort where) {
    const Result<SocketAddress> numeric = numeric_address(where);
    if (numeric) co_return std::vector<SocketAddress>{*numeric};
    const std::string key = where.text();
    Waiting waiting(shared_, key, loop);
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->forget_old();
        Shared::Entry& entry = shared_->entries[key];
        if (entry.until_ms > monotonic_ms()) co_return entry.addresses;
        entry.waiters.push_back(&waiting.looked_up);
        if (!entry.under_way) {
            entry.under_way = true;
            shared_->queue.push_back(where);
            if (shared_->threads.size() < limits::resolver_threads)
                shared_->threads.emplace_back([shared = shared_.get()] { shared->run(); });
            shared_->work.notify_one();
        }
    }
    co_await waiting.looked_up;
    const std::lock_guard lock(shared_->mutex);
    const auto found = shared_->entries.find(key);
    if (found == shared_->entries.end()) // forgotten at once, among very many
        co_return fail(ErrorKind::unavailable, "too many names are looked up at once", ErrorSource::upstream,
                       Retry::other_upstream);
    co_return found->second.addresses;
}

Task<Result<std::unique_ptr<Stream>>> dial(Loop& loop, Resolver& resolver, HostPort where, std::int64_t deadline_ms) {
    const Addresses addresses = co_await resolver.resolve(loop, where);
    if (!addresses) co_return std::unexpected(addresses.error());
    Result<std::unique_ptr<Stream>> stream = fail(ErrorKind::unavailable, "the host " + where.host + " has no address",
                                                  ErrorSource::upstream, Retry::other_upstream);
    for (const SocketAddress& address : *addresses) {
        stream = co_await connect_tcp(loop, address, deadline_ms);
        if (stream || loop.now_ms() >= deadline_ms) break;
    }
    co_return stream;
}

} // namespace sallyport::net
