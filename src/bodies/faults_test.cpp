// Each operation on the packs' disk goes wrong once, in each way (EIO, ENOSPC, a short count, EINTR): a body that was taken comes back as it
// was, or is missing where the process ended at a sync; what was not taken was refused in words; no body is ever another one.
#include "bodies/pack.h"
#include "bodies/reader.h"
#include "bodies/writer.h"
#include "ledger/fault_runs_test.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <sstream>
#include <thread>

namespace sallyport::bodies {
namespace {

namespace fs = std::filesystem;
using ledger::Fault;
using ledger::FaultRun;
using ledger::Operation;
using ledger::Teller;

// A conversation that grows: each body repeats what the one before had.
std::string body_of(std::uint64_t id) {
    std::string out;
    for (std::uint64_t turn = 0; turn <= id % 7; ++turn)
        out += std::string(600 + (id / 7 + turn) % 50, static_cast<char>('a' + (id / 7 * 3 + turn) % 26)) +
               std::to_string(id / 7);
    return out;
}

class ToldDisk : public ledger::FaultyDisk {
public:
    ToldDisk(const Teller& tell, std::vector<std::uint64_t> numbers, Fault fault)
        : FaultyDisk(std::move(numbers), fault), tell_(tell) {}

protected:
    void strikes(Operation operation) override {
        tell_("struck " + std::string(ledger::operation_names[static_cast<std::size_t>(operation)]));
    }

private:
    const Teller& tell_;
};

class BodyFaults : public testing::Test {
protected:
    BodyFaults() {
        std::string name = fs::temp_directory_path() / "body_faults_XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~BodyFaults() override { fs::remove_all(folder_); }

    Result<std::unique_ptr<Writer>> open(store::BodyKeys& keys, ledger::FileOperations* files) const {
        WriterOptions options;
        options.directory = folder_ / "bodies";
        options.origin = "k3f9x2ab";
        options.keys = &keys;
        options.wrapping = &wrapping_;
        options.names = &names_;
        options.pack_bytes_max = 1'500;
        options.write_ms = options.sync_ms = options.retry_ms = 1;
        options.files = files;
        return Writer::open(options);
    }

    // Two lives of a store; in each, bodies three at a time, the next ones when these are on the disk.
    int two_lives(const Teller& tell, ToldDisk& disk) const {
        const auto keys = store::BodyKeys::open(folder_ / "body-keys.db");
        if (!keys) return 97;
        for (std::uint64_t id = 0; id < 42;) {
            disk.install();
            const auto writer = open(**keys, &disk);
            if (!writer) {
                tell("refused " + writer.error().message);
                return FaultRun::refused;
            }
            for (const std::uint64_t end = id + 21; id < end; ++id) {
                keep(**writer, tell, id);
                if (id % 3 == 2) wait_for_disk(**writer, tell);
            }
            (*writer)->close();
            tell("left " + std::to_string((*writer)->figures().lost));
        }
        tell("operations " + std::to_string(disk.operations()));
        return FaultRun::went_on;
    }
    // As the gateway does it: what is not taken is not sent, or its entry says that it is lost.
    void keep(Writer& writer, const Teller& tell, std::uint64_t id) const {
        const std::string body = body_of(id);
        std::vector<std::uint32_t> cuts;
        for (std::uint32_t at = 600; at < body.size(); at += 100) cuts.push_back(at);
        Result<std::uint64_t> number = 0;
        if (id % 5 == 4) {
            const auto part = writer.keep_part(place_, std::string_view(body).substr(0, body.size() / 2));
            if (part)
                number = writer.finish(place_, {&*part, 1}, std::string_view(body).substr(body.size() / 2));
            else
                number = std::unexpected(part.error());
        } else {
            number = writer.keep(place_, body, cuts);
        }
        tell(number ? "kept " + std::to_string(id) + " " + std::to_string(*number)
                    : "lost " + std::to_string(id) + " " + number.error().message);
    }
    static void wait_for_disk(Writer& writer, const Teller& tell) {
        for (int tries = 0; tries < 5'000; ++tries) {
            const WriterFigures figures = writer.figures();
            if (figures.synced_number == figures.next_number && !writer.full())
                return tell("synced " + std::to_string(figures.synced_number));
            std::this_thread::sleep_for(std::chrono::microseconds(500));
        }
        tell("stuck");
    }

    FaultRun run(const std::vector<std::uint64_t>& numbers, Fault fault) const {
        fs::remove_all(folder_ / "bodies");
        return ledger::run_apart(folder_ / "errors", [&](const Teller& tell) {
            ToldDisk disk(tell, numbers, fault);
            return two_lives(tell, disk);
        });
    }

    void expect_none_wrong(const FaultRun& told) const {
        const auto keys = store::BodyKeys::open(folder_ / "body-keys.db");
        ASSERT_TRUE(keys);
        std::map<std::uint64_t, std::uint64_t> number_of; // by id
        std::uint64_t synced = 0, newest = 0;
        for (const std::string& line : told.told) {
            std::istringstream words(line);
            std::string word;
            std::uint64_t first = 0, second = 0;
            words >> word >> first;
            if (word == "synced") synced = first;
            if (word == "kept" && words >> second) newest = std::max(newest, number_of[first] = second);
            if (word == "lost") {
                EXPECT_NE(line.find("bodies cannot be kept"), std::string::npos) << line;
            }
            EXPECT_NE(word, "stuck");
            if (word == "left") {
                EXPECT_EQ(first, 0u) << "handed over, and not written at the end";
            }
        }
        Reader reader(folder_ / "bodies", **keys, wrapping_);
        for (const auto& [id, number] : number_of) {
            const auto body = reader.body(number);
            if (body) {
                EXPECT_EQ(*body, body_of(id));
            } else {
                EXPECT_TRUE(told.code == FaultRun::lost_a_sync && number >= synced)
                    << id << ": " << body.error().message;
            }
        }
        const auto next = open(**keys, nullptr);
        ASSERT_TRUE(next) << next.error().message;
        EXPECT_GT((*next)->figures().next_number, newest) << "a number is given once";
    }

    static void expect_right_end(const FaultRun& told, Fault fault) {
        const std::string struck = told.one("struck ");
        const bool is_sync = struck.starts_with("sync") && fault != Fault::short_count;
        const bool is_harmless = fault == Fault::short_count || (fault == Fault::eintr && struck != "rename");
        if (struck.empty() || (is_harmless && !is_sync)) {
            EXPECT_EQ(told.code, FaultRun::went_on) << told.errors << told.one("refused ");
            EXPECT_EQ(told.one("lost "), "");
        } else if (is_sync) {
            EXPECT_EQ(told.code, FaultRun::lost_a_sync) << "a sync that failed was asked again";
            EXPECT_NE(told.errors.find("the disk failed to keep"), std::string::npos) << told.errors;
        } else if (told.code == FaultRun::refused) {
            EXPECT_TRUE(told.one("refused ").starts_with("cannot ")) << told.one("refused ");
        } else {
            EXPECT_EQ(told.code, FaultRun::went_on) << told.errors;
        }
    }

    fs::path folder_;
    crypto::SealingKey wrapping_{Secret(std::string(32, 'w'))};
    crypto::UnitNamer names_{std::string(32, 'n'), "pieces"};
    store::BodyPlace place_ = place_at("git.acme.example/web/site", "p_ada", "internal", 1'700'000'000'000);
};

TEST_F(BodyFaults, EachOperationMayFailInEachWay) {
    const FaultRun whole = run({}, Fault::eio);
    ASSERT_EQ(whole.code, FaultRun::went_on) << whole.errors;
    expect_none_wrong(whole);
    const std::uint64_t count = std::stoull(whole.one("operations "));
    std::map<int, int> ends;
    for (std::uint64_t number = 0; number < count; ++number)
        for (const Fault fault : ledger::every_fault) {
            SCOPED_TRACE("operation " + std::to_string(number) + " of " + std::to_string(count) + " with " +
                         std::string(ledger::fault_names[static_cast<std::size_t>(fault)]));
            const FaultRun told = run({number}, fault);
            ++ends[told.code];
            expect_right_end(told, fault);
            expect_none_wrong(told);
        }
    std::printf("%llu operations: went on %d times, refused the start %d, ended at a sync %d\n",
                static_cast<unsigned long long>(count), ends[FaultRun::went_on], ends[FaultRun::refused],
                ends[FaultRun::lost_a_sync]);
}

// A disk that is full or fails for a while.
TEST_F(BodyFaults, SeveralOperationsMayFail) {
    std::mt19937 random(20'261'129);
    for (std::uint64_t round = 0; round < 30 * ledger::fault_scale(); ++round) {
        const Fault fault = ledger::every_fault[random() % ledger::every_fault.size()];
        std::vector<std::uint64_t> numbers{random() % 80};
        while (numbers.size() < 2 + random() % 12) numbers.push_back(numbers.back() + 1 + random() % 3);
        SCOPED_TRACE("round " + std::to_string(round));
        const FaultRun told = run(numbers, fault);
        EXPECT_TRUE(told.code == FaultRun::went_on || told.code == FaultRun::refused ||
                    told.code == FaultRun::lost_a_sync)
            << told.code << told.errors;
        expect_none_wrong(told);
    }
}

} // namespace
} // namespace sallyport::bodies
