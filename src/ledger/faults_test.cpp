// Each operation on the disk goes wrong once, in each way (EIO, ENOSPC, a short count, EINTR): what was acknowledged is there, once, at its
// index; the entries go on from every checkpoint that was shown; and the process went on, or ended or refused in words.
#include "base/encoding.h"
#include "ledger/checkpoint_file.h"
#include "ledger/fault_runs_test.h"
#include "ledger/folder_test.h"

#include <gtest/gtest.h>

#include <charconv>
#include <random>
#include <set>
#include <sstream>
#include <thread>

namespace sallyport::ledger {
namespace {

std::string entry_of(std::uint64_t id) {
    return "{\"id\":" + std::to_string(id) + ",\"pad\":\"" + std::string(id * 37 % 100, 'x') + "\"}";
}

// Tells which operation failed, and of each checkpoint that reached the disk.
class ToldDisk : public FaultyDisk {
public:
    ToldDisk(const Teller& tell, std::vector<std::uint64_t> numbers, Fault fault, bool tells_all)
        : FaultyDisk(std::move(numbers), fault), tell_(tell), tells_all_(tells_all) {}

protected:
    void begins(Operation operation) override {
        if (tells_all_) tell_("operation " + std::to_string(static_cast<unsigned>(operation)));
    }
    void strikes(Operation operation) override {
        tell_("struck " + std::string(operation_names[static_cast<std::size_t>(operation)]));
    }
    void wrote(int descriptor, std::string_view bytes) override { written_[descriptor] += bytes; }
    void synced(int descriptor, const std::string& file) override {
        const std::string bytes = std::exchange(written_[descriptor], {});
        if (!file.starts_with("checkpoint") || bytes.size() < checkpoint_slot_bytes) return;
        const std::string note = bytes.substr(bytes.size() - checkpoint_slot_bytes + 16);
        const auto read = tlog::parse_signed_checkpoint(note.substr(0, note.find('\0')));
        if (!read) ::_exit(98);
        tell_("shown " + std::to_string(read->checkpoint.size) + " " + to_hex(crypto::bytes(read->checkpoint.root)));
    }

private:
    const Teller& tell_;
    const bool tells_all_;
    std::map<int, std::string> written_;
};

// Appends until it is taken; what is refused is told once.
bool append(Writer& writer, std::uint64_t id, const Completion* completion, const Teller& tell) {
    bool is_told = false;
    for (int tries = 0; tries < 5'000; ++tries) {
        const auto index =
            completion == nullptr ? writer.append(entry_of(id)) : writer.append_durable(entry_of(id), *completion);
        if (index) {
            tell("put " + std::to_string(*index) + " " + std::to_string(id));
            return true;
        }
        if (!std::exchange(is_told, true)) tell("blocked " + index.error().message);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    tell("stuck");
    return false;
}

// Two lives of a ledger: groups of entries, the last of each durable; several segments, hashes over the borders of two tiles.
int two_lives(const Teller& tell, const LedgerFolder& folder, ToldDisk& disk, std::uint64_t groups) {
    auto options = folder.options(&disk);
    options.segment_bytes_max = 8'000;
    options.write_ms = options.sync_ms = 60'000; // whoever waits for the disk says when
    options.checkpoint_ms = 0;                   // one after each sync
    options.retry_ms = 1;
    std::uint64_t id = 0;
    for (int life = 0; life < 2; ++life) {
        disk.install();
        auto writer = Writer::open(options);
        if (!writer) {
            tell("refused " + writer.error().message);
            return FaultRun::refused;
        }
        for (std::uint64_t group = 0; group < groups; ++group) {
            for (std::uint64_t i = 0; i < 5 + group * 29 % 70; ++i)
                if (!append(**writer, id++, nullptr, tell)) return 97;
            Waiter waiter;
            const Completion completion = waiter.completion();
            if (!append(**writer, id, &completion, tell)) return 97;
            if (waiter.wait()) tell("acknowledged " + std::to_string(id));
            ++id;
        }
        (*writer)->close();
    }
    return FaultRun::went_on;
}

struct Told {
    std::map<std::uint64_t, std::uint64_t> index_of; // by id
    std::set<std::uint64_t> acknowledged;            // ids
    std::vector<tlog::Checkpoint> shown;
};
Told read_told(const FaultRun& run) {
    Told out;
    for (const std::string& line : run.told) {
        std::istringstream words(line);
        std::string word, root;
        std::uint64_t first = 0, second = 0;
        words >> word >> first;
        if (word == "put" && words >> second) out.index_of[second] = first;
        if (word == "acknowledged") out.acknowledged.insert(first);
        if (word == "shown" && words >> root) {
            tlog::Checkpoint one{"", first, {}};
            std::ranges::copy(*from_hex(root), one.root.begin());
            out.shown.push_back(one);
        }
    }
    return out;
}

// Whether the process may have ended like this after that fault.
void expect_right_end(const FaultRun& run, Fault fault) {
    const std::string struck = run.one("struck ");
    const bool is_sync = struck.starts_with("sync");
    const bool is_harmless = fault == Fault::short_count || (fault == Fault::eintr && struck != "rename");
    if (struck.empty() || (is_harmless && !is_sync)) {
        EXPECT_EQ(run.code, FaultRun::went_on) << run.errors << run.one("refused ");
        EXPECT_EQ(run.one("blocked "), "");
    } else if (run.code == FaultRun::lost_a_sync) {
        EXPECT_TRUE(is_sync);
        EXPECT_NE(run.errors.find("the disk failed to keep"), std::string::npos) << run.errors;
    } else if (run.code == FaultRun::refused) {
        EXPECT_TRUE(run.one("refused ").starts_with("cannot ")) << run.one("refused ");
    } else {
        EXPECT_EQ(run.code, FaultRun::went_on) << run.errors;
        EXPECT_FALSE(is_sync) << "a sync that failed was asked again";
    }
}

void expect_nothing_lost(const LedgerFolder& folder, const FaultRun& run) {
    const Told told = read_told(run);
    FastFiles fast;
    auto writer = Writer::open(folder.options(&fast));
    ASSERT_TRUE(writer) << writer.error().message;
    const Found found = read_ledger(folder.ledger());
    EXPECT_EQ(found.problem, "");
    EXPECT_EQ((*writer)->recovery().next_index, found.entries.size());
    EXPECT_EQ(unexplained(told.shown, folder.ledger()), "");
    EXPECT_EQ(*(*writer)->append("{}"), found.entries.size());
    std::map<std::string_view, std::uint64_t> at;
    for (std::uint64_t i = 0; i < found.entries.size(); ++i)
        EXPECT_TRUE(at.emplace(found.entries[i], i).second) << "twice: " << found.entries[i];
    for (const auto& [id, index] : told.index_of) {
        const auto there = at.find(entry_of(id));
        const bool must = run.code == FaultRun::went_on || told.acknowledged.contains(id);
        if (there == at.end()) {
            EXPECT_FALSE(must) << id;
        } else {
            EXPECT_EQ(there->second, index);
        }
    }
    if (run.code == FaultRun::went_on) {
        EXPECT_EQ(found.entries.size(), told.index_of.size());
    }
}

class EachOperation : public testing::Test {
protected:
    FaultRun run(const std::vector<std::uint64_t>& numbers, Fault fault, bool tells_all = false) {
        std::filesystem::remove_all(folder_.ledger());
        return run_apart(folder_.errors(), [&](const Teller& tell) {
            ToldDisk disk(tell, numbers, fault, tells_all);
            return two_lives(tell, folder_, disk, 6 * fault_scale());
        });
    }
    std::vector<Operation> operations() {
        std::vector<Operation> out;
        const FaultRun whole = run({}, Fault::eio, true);
        EXPECT_EQ(whole.code, FaultRun::went_on) << whole.errors;
        for (const std::string& line : whole.told)
            if (line.starts_with("operation ")) out.push_back(static_cast<Operation>(std::stoi(line.substr(10))));
        return out;
    }
    static bool is_possible(Operation operation, Fault fault) {
        const bool is_read = operation == Operation::read;
        if (fault == Fault::short_count) return is_read || operation == Operation::write;
        return fault != Fault::enospc || !is_read;
    }
    const LedgerFolder folder_;
};

TEST_F(EachOperation, MayFailInEachWay) {
    const std::vector<Operation> all = operations();
    for (const Operation kind :
         {Operation::create, Operation::open, Operation::write, Operation::sync, Operation::reserve,
          Operation::truncate, Operation::rename, Operation::sync_folder, Operation::read})
        EXPECT_NE(std::ranges::find(all, kind), all.end()) << operation_names[static_cast<std::size_t>(kind)];
    std::map<int, int> ends;
    for (std::uint64_t number = 0; number < all.size(); ++number)
        for (const Fault fault : every_fault) {
            if (!is_possible(all[number], fault)) continue;
            SCOPED_TRACE("operation " + std::to_string(number) + " of " + std::to_string(all.size()) + " (" +
                         std::string(operation_names[static_cast<std::size_t>(all[number])]) + ") with " +
                         std::string(fault_names[static_cast<std::size_t>(fault)]));
            const FaultRun told = run({number}, fault);
            ++ends[told.code];
            expect_right_end(told, fault);
            expect_nothing_lost(folder_, told);
        }
    EXPECT_EQ(ends.size(), 3u) << "all three ends are seen";
    std::printf("%zu operations: went on %d times, refused the start %d, ended at a sync %d\n", all.size(),
                ends[FaultRun::went_on], ends[FaultRun::refused], ends[FaultRun::lost_a_sync]);
}

// A disk that is full or fails for a while, not once.
TEST_F(EachOperation, MayFailWithTheNextOnes) {
    const std::vector<Operation> all = operations();
    std::mt19937 random(20'261'128);
    for (std::uint64_t round = 0; round < 60 * fault_scale(); ++round) {
        const Fault fault = every_fault[random() % every_fault.size()];
        std::vector<std::uint64_t> numbers{random() % all.size()};
        while (numbers.size() < 2 + random() % 20) numbers.push_back(numbers.back() + 1 + random() % 3);
        SCOPED_TRACE("round " + std::to_string(round) + ", from operation " + std::to_string(numbers.front()) +
                     " on with " + std::string(fault_names[static_cast<std::size_t>(fault)]));
        const FaultRun told = run(numbers, fault);
        EXPECT_TRUE(told.code == FaultRun::went_on || told.code == FaultRun::refused ||
                    told.code == FaultRun::lost_a_sync)
            << told.code << told.errors;
        expect_nothing_lost(folder_, told);
    }
}

} // namespace
} // namespace sallyport::ledger
