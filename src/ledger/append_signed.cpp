#include "ledger/append_signed.h"

#include "base/clock.h"

#include <chrono>
#include <thread>

namespace sallyport::ledger {

namespace {
constexpr std::int64_t signed_ms_max = 30'000;
}

Result<void> append_signed(Writer& writer, std::string_view entry) {
    const auto index = writer.append_durable(entry, {[](void*, bool) {}, nullptr});
    if (!index) return std::unexpected(index.error());
    const std::int64_t deadline = monotonic_ms() + signed_ms_max;
    while (writer.figures().signed_index <= *index && writer.health().ok) {
        if (monotonic_ms() >= deadline)
            return fail(ErrorKind::timeout, "the ledger's disk does not answer; check it, then start again");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return {};
}

} // namespace sallyport::ledger
