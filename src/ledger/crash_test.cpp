// What is on the disk after a crash: every acknowledged durable entry once, at its index, whatever the disk lost of the rest.
#include "ledger/folder_test.h"
#include "ledger/notary.h"
#include "ledger/simulated_disk_test.h"
#include "ledger/writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace sallyport::ledger {
namespace {

std::string entry_at(std::uint64_t index) {
    return "{\"entry\":" + std::to_string(index) + ",\"pad\":\"" + std::string(index * 37 % 700, 'x') + "\"}";
}

// Groups of entries, the last of each durable; segments of about four groups.
void run_workload(SimulatedDisk& disk, const LedgerFolder& folder) {
    auto options = folder.options(&disk);
    options.segment_bytes_max = 4'000;
    options.checkpoint_ms = 0; // one after each sync
    auto writer = Writer::open(options);
    ASSERT_TRUE(writer) << writer.error().message;
    std::uint64_t next = 0;
    for (std::uint64_t group = 0; group < 12; ++group) {
        for (std::uint64_t i = 0; i < group % 4; ++i, ++next) ASSERT_EQ(*(*writer)->append(entry_at(next)), next);
        Waiter waiter;
        ASSERT_EQ(*(*writer)->append_durable(entry_at(next), waiter.completion()), next);
        ASSERT_TRUE(waiter.wait());
        disk.acknowledged(next++);
    }
}

// Every checkpoint whose slot had reached the disk, so that somebody may have seen it.
std::vector<tlog::Checkpoint> checkpoints_shown(const std::vector<SimulatedDisk::Event>& events, std::size_t count) {
    std::vector<tlog::Checkpoint> shown, written;
    for (std::size_t i = 0; i < count; ++i) {
        using What = SimulatedDisk::Event::What;
        const auto& event = events[i];
        if (!event.file.starts_with("checkpoint")) continue;
        if (event.what == What::write) {
            const std::string_view note = std::string_view(event.bytes).substr(16);
            const auto read = tlog::parse_signed_checkpoint(note.substr(0, note.find('\0')));
            EXPECT_TRUE(read);
            written.push_back(read->checkpoint);
        } else if (event.what == What::sync) {
            shown.insert(shown.end(), written.begin(), written.end());
            written.clear();
        }
    }
    return shown;
}

class PowerCut : public testing::TestWithParam<Loss> {};

TEST_P(PowerCut, AtAnyPointLosesNothingAcknowledged) {
    const LedgerFolder folder;
    SimulatedDisk disk;
    run_workload(disk, folder);
    const auto& events = disk.events();
    const std::uint32_t seeds = GetParam() == Loss::everything || GetParam() == Loss::nothing ? 1 : 6;
    FastFiles fast;
    for (std::size_t cut = 0; cut <= events.size(); ++cut) {
        std::uint64_t acknowledged = 0; // one past the last
        const auto shown = checkpoints_shown(events, cut);
        for (std::size_t i = 0; i < cut; ++i)
            if (events[i].what == SimulatedDisk::Event::What::acknowledged) acknowledged = events[i].number + 1;
        for (std::uint32_t seed = 0; seed < seeds; ++seed) {
            SCOPED_TRACE("cut behind " + std::to_string(cut) + " events, seed " + std::to_string(seed));
            SimulatedDisk::restore(events, cut, GetParam(), seed, folder.ledger());
            auto options = folder.options(&fast);
            auto writer = Writer::open(options);
            ASSERT_TRUE(writer) << writer.error().message;
            const std::uint64_t next = (*writer)->recovery().next_index;
            EXPECT_GE(next, acknowledged);
            EXPECT_EQ(unexplained(shown, folder.ledger()), "");
            const Found recovered = read_ledger(folder.ledger());
            EXPECT_EQ(recovered.problem, "") << "the torn end is cut off before anything is written";
            EXPECT_EQ(recovered.entries.size(), next);
            EXPECT_EQ(*(*writer)->append(entry_at(next)), next);
            (*writer)->close();
            const Found found = read_ledger(folder.ledger());
            EXPECT_EQ(found.problem, "");
            ASSERT_EQ(found.entries.size(), next + 1);
            for (std::uint64_t i = 0; i <= next; ++i) ASSERT_EQ(found.entries[i], entry_at(i));
        }
    }
}
INSTANTIATE_TEST_SUITE_P(Loses, PowerCut,
                         testing::Values(Loss::everything, Loss::nothing, Loss::torn_sector, Loss::reordered));

// A process ends at any point, the machine goes on; the next one appends, and then the power goes: what it acknowledged is there.
class EndedThenPowerCut : public testing::TestWithParam<bool> {}; // by a sync that failed

TEST_P(EndedThenPowerCut, LosesNothingThatTheNextOneAcknowledged) {
    using Event = SimulatedDisk::Event;
    const LedgerFolder folder;
    SimulatedDisk first;
    run_workload(first, folder);
    const auto& before = first.events();
    std::size_t tried = 0;
    for (std::size_t cut = 0; cut <= before.size(); ++cut) {
        if (GetParam() && (cut == before.size() || before[cut].what != Event::What::sync)) continue;
        SCOPED_TRACE("ended behind " + std::to_string(cut) + " operations");
        ++tried;
        SimulatedDisk::restore(before, cut, Loss::nothing, 0, folder.ledger());
        SimulatedDisk second;
        std::uint64_t next = 0;
        {
            auto writer = Writer::open(folder.options(&second));
            ASSERT_TRUE(writer) << writer.error().message;
            next = (*writer)->recovery().next_index;
            Waiter waiter;
            ASSERT_EQ(*(*writer)->append_durable(entry_at(next), waiter.completion()), next);
            ASSERT_TRUE(waiter.wait());
        }
        std::vector<Event> events(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(cut));
        if (GetParam()) events.push_back({Event::What::sync_failed, before[cut].file, {}, 0, {}});
        events.insert(events.end(), second.events().begin(), second.events().end());
        SimulatedDisk::restore(events, events.size(), Loss::everything, 0, folder.ledger());
        const Found found = read_ledger(folder.ledger());
        EXPECT_EQ(found.problem, "");
        ASSERT_EQ(found.entries.size(), next + 1);
        for (std::uint64_t i = 0; i <= next; ++i) ASSERT_EQ(found.entries[i], entry_at(i));
        FastFiles fast;
        EXPECT_TRUE(Writer::open(folder.options(&fast)));
        if (!GetParam()) continue;
        std::uint64_t acknowledged = 0; // one past the last
        for (std::size_t at = 0; at < events.size(); ++at) {
            if (events[at].what == Event::What::acknowledged) acknowledged = events[at].number + 1;
            if (at <= cut) continue;
            SimulatedDisk::restore(events, at, Loss::torn_sector, static_cast<std::uint32_t>(at), folder.ledger());
            const auto again = Writer::open(folder.options(&fast));
            ASSERT_TRUE(again) << again.error().message;
            EXPECT_GE((*again)->recovery().next_index, acknowledged);
        }
    }
    EXPECT_GT(tried, 30u);
}
INSTANTIATE_TEST_SUITE_P(ByKillOrSync, EndedThenPowerCut, testing::Bool());

// The child: three threads append durable and other entries as fast as they can, and report what was acknowledged.
[[noreturn]] void append_until_killed(const WriterOptions& options, int report, std::uint64_t round) {
    auto writer = Writer::open(options);
    if (!writer) ::_exit(1);
    std::vector<std::thread> threads;
    threads.reserve(3);
    for (std::uint64_t t = 0; t < 3; ++t)
        threads.emplace_back([&, t] {
            for (std::uint64_t i = 0;; ++i) {
                const std::uint64_t number = round << 40 | t << 32 | i;
                if (!(*writer)->append("{\"other\":" + std::to_string(number) + "}")) ::_exit(1);
                Waiter waiter;
                if (!(*writer)->append_durable("{\"durable\":" + std::to_string(number) + "}", waiter.completion()))
                    continue;
                if (waiter.wait() && ::write(report, &number, sizeof number) != sizeof number) ::_exit(1);
            }
        });
    for (auto& thread : threads) thread.join();
    ::_exit(0);
}

TEST(KillNine, KeepsEveryAcknowledgedEntryOnce) {
    const LedgerFolder folder;
    auto options = folder.options();
    options.segment_bytes_max = 30'000;
    options.write_ms = 1;
    std::mt19937 random(20'261'122);
    std::vector<std::uint64_t> acknowledged;
    std::uint64_t entries_before = 0;
    for (std::uint64_t round = 0; round < 20; ++round) {
        int pipe[2];
        ASSERT_EQ(::pipe(pipe), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) append_until_killed(options, pipe[1], round);
        ::close(pipe[1]);
        // The kill comes after a random number of acknowledgements, in the middle of whatever happens then.
        const std::size_t wanted = acknowledged.size() + random() % 60;
        std::uint64_t number = 0;
        bool killed = false;
        while (true) {
            if (!killed && acknowledged.size() >= wanted) killed = ::kill(child, SIGKILL) == 0;
            if (::read(pipe[0], &number, sizeof number) != sizeof number) break;
            acknowledged.push_back(number);
        }
        ::close(pipe[0]);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << status;

        auto writer = Writer::open(options);
        ASSERT_TRUE(writer) << writer.error().message;
        EXPECT_GE((*writer)->recovery().next_index, entries_before);
        entries_before = (*writer)->recovery().next_index;
    }
    auto [entries, problem] = read_ledger(folder.ledger());
    EXPECT_EQ(problem, "");
    std::ranges::sort(entries);
    EXPECT_EQ(std::ranges::adjacent_find(entries), entries.end()) << "an entry is there twice";
    for (const std::uint64_t number : acknowledged)
        ASSERT_TRUE(std::ranges::binary_search(entries, "{\"durable\":" + std::to_string(number) + "}")) << number;
    EXPECT_GT(acknowledged.size(), 100u);
}

} // namespace
} // namespace sallyport::ledger
