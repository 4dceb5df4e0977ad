#include "handover/forwarder.h"

#include "base/clock.h"

#include <algorithm>
#include <filesystem>

namespace sallyport::handover {

// Finds the place where the cursor stands, and what was open there.
Result<void> Forwarder::begin(const Destination& destination) {
    const std::filesystem::path file = source_.cursors / name_;
    auto cursor = read_cursor(file);
    if (!cursor) return std::unexpected(cursor.error());
    const std::uint64_t durable = source_.durable();
    if (!*cursor) { // seen for the first time
        std::uint64_t next = durable;
        if (destination.from_start) {
            const auto first = first_index(source_.ledger);
            if (!first) return std::unexpected(first.error());
            next = *first;
        }
        *cursor = Cursor{source_.origin, next, next};
        if (auto written = write_cursor(file, **cursor); !written) return written;
    }
    if ((*cursor)->origin != source_.origin || (*cursor)->next > durable)
        return fail(ErrorKind::invalid, file.string() + " tells of entry " + (*cursor)->origin + "/" +
                                            std::to_string((*cursor)->next) + ", which this ledger (" + source_.origin +
                                            ") does not have: was it restored from a backup? Delete the file, and the "
                                            "destination begins where its 'from' says");
    tail_ = std::make_unique<Tail>(source_.ledger);
    joiner_ = std::make_unique<Joiner>(source_.origin);
    told_from_ = (*cursor)->next;
    reached_ = **cursor;
    batch_.clear();
    progress_.next = told_from_;
    return tail_->seek((*cursor)->from);
}

// Reads on until the batch is full or nothing durable is left, and notes how far.
Result<void> Forwarder::fill(const Destination& destination) {
    const std::uint64_t durable = source_.durable();
    const auto room = [&] { return batch_.events() < events_max_ && batch_.bytes() < limits::handover_batch_bytes; };
    // Below told_from_ the entries are only read to know what is open.
    const auto add = [&](std::uint64_t index, const Event& event) {
        if (index < told_from_) return;
        if (batch_.events() == 0) progress_.waits_since = event.end_ms >= 0 ? event.end_ms : event.begin_ms;
        batch_.add(destination, event);
    };
    const auto note_place = [&](std::uint64_t next) {
        reached_.next = next;
        reached_.from = std::min(joiner_->oldest_open().value_or(next), next);
    };
    while (room()) {
        if (joiner_->has_abandoned()) { // the entry of the start counts as read once all of them were told
            const std::uint64_t start = joiner_->abandoned_below();
            if (const auto told = joiner_->tell_abandoned([&](const Event& event) { add(start, event); }); !told)
                return told;
            if (start >= told_from_) note_place(joiner_->has_abandoned() ? start : start + 1);
            continue;
        }
        const auto entry = tail_->next(durable);
        if (!entry) return std::unexpected(entry.error());
        if (!*entry) break;
        const std::uint64_t index = (*entry)->index;
        const auto read = joiner_->read(**entry, [&](const Event& event) { add(index, event); });
        if (!read) return read;
        if (index >= told_from_ && !joiner_->has_abandoned()) note_place(index + 1);
    }
    return {};
}

net::Task<void> Forwarder::wait(std::int64_t ms) {
    const std::int64_t until_ms = loop_.now_ms() + ms;
    while (wanted_ == served_ && loop_.now_ms() < until_ms)
        co_await net::Sleep(loop_, std::min(until_ms - loop_.now_ms(), limits::handover_poll_ms));
}

void Forwarder::failed(const std::string& why) {
    progress_.failures.fetch_add(1, std::memory_order_relaxed);
    progress_.failing = true;
    if (why != last_failure_) log_.warning("handover.failed", {{"destination", name_}, {"why", why}});
    last_failure_ = why;
    retry_ms_ = std::clamp(retry_ms_ * 2, limits::handover_retry_ms, limits::handover_retry_ms_max);
}

void Forwarder::arrived() {
    progress_.events.fetch_add(batch_.events(), std::memory_order_relaxed);
    progress_.batches.fetch_add(1, std::memory_order_relaxed);
    progress_.next = reached_.next;
    progress_.waits_since = -1;
    if (progress_.failing.exchange(false)) log_.info("handover.goes_on", {{"destination", name_}});
    last_failure_.clear();
    retry_ms_ = 0;
    batch_.clear();
}

net::Task<void> Forwarder::serve(std::shared_ptr<const Destination> destination) {
    tail_.reset();
    carrier_.forget();
    std::string body;
    while (wanted_ == served_) {
        if (!tail_) {
            if (const auto begun = begin(*destination); !begun) {
                tail_.reset();
                failed(begun.error().message);
                co_await wait(retry_ms_);
                continue;
            }
        }
        if (const auto filled = fill(*destination); !filled) {
            failed(filled.error().message);
            tail_.reset();
            co_await wait(retry_ms_);
            continue;
        }
        if (batch_.events() == 0) {
            progress_.next = std::max(progress_.next.load(), reached_.next);
            co_await wait(limits::handover_poll_ms);
            continue;
        }
        body = batch_.body(*destination, source_.origin);
        Delivery delivery = co_await carrier_.carry(*destination, body);
        if (!delivery) {
            if (delivery.error().too_large && batch_.events() > 1) {
                events_max_ = std::max<std::size_t>(1, batch_.events() / 2);
                tail_.reset(); // read again, in smaller batches
            }
            failed(delivery.error().why);
            co_await wait(retry_ms_);
            continue;
        }
        if (delivery->rejected > 0) {
            progress_.rejected.fetch_add(delivery->rejected, std::memory_order_relaxed);
            log_.warning("handover.rejected",
                         {{"destination", name_}, {"events", static_cast<std::int64_t>(delivery->rejected)}});
        }
        if (const auto written = write_cursor(source_.cursors / name_, reached_); !written) {
            failed(written.error().message); // sent again from the cursor that is there
            tail_.reset();
            co_await wait(retry_ms_);
            continue;
        }
        arrived();
    }
}

net::Task<void> Forwarder::run() {
    running = true;
    while ((served_ = wanted_)) co_await serve(served_);
    running = false;
}

} // namespace sallyport::handover
