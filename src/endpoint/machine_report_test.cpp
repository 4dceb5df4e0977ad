#include "endpoint/machine_report.h"

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "endpoint/report_fleet.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace sallyport::endpoint {
namespace {

namespace fs = std::filesystem;

struct Folder {
    fs::path path = fs::path(testing::TempDir()) / ("machine-" + to_hex(crypto::random_bytes(6)));
    ~Folder() { fs::remove_all(path); }
};

FoundFact client(const std::string& name, std::string version) {
    FoundFact fact{.kind = FactKind::client, .client = name, .what = name, .value = std::move(version)};
    fact.verdict = Verdict::approved;
    return fact;
}
FoundFact address(std::string name, bool governed, bool effective = true) {
    FoundFact fact{.kind = FactKind::base_url,
                   .client = std::move(name),
                   .what = "X",
                   .value = governed ? "https://gateway" : "https://api.x"};
    fact.governed = governed;
    fact.verdict = governed ? Verdict::approved : Verdict::not_approved;
    fact.effective = effective;
    return fact;
}

TEST(MachineReport, IsReadBackByWhoeverHoldsNothingButIt) {
    const Folder folder;
    EXPECT_FALSE(*Machine::open(folder.path, false));
    const auto machine = Machine::open(folder.path, true);
    ASSERT_TRUE(machine && *machine);
    EXPECT_EQ((*Machine::open(folder.path, false))->id(), (*machine)->id());
    EXPECT_EQ(fs::status(folder.path / "machine-key").permissions() & fs::perms::mask,
              fs::perms::owner_read | fs::perms::owner_write);
    const auto text = (*machine)->report({client("codex", "1.0.0"), address("codex", true)}, 1'790'000'000'000);
    ASSERT_TRUE(text);
    const auto report = read_report(*text);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->machine, (*machine)->id());
    EXPECT_EQ(report->at_ms, 1'790'000'000'000);
    ASSERT_EQ(report->facts.size(), 2u);
    EXPECT_EQ(report->facts[0].value, "1.0.0");
    EXPECT_TRUE(report->facts[1].governed);
}

TEST(MachineReport, NoByteOfItCanBeChanged) {
    const Folder folder;
    const auto machine = Machine::open(folder.path, true);
    const std::string text = *(*machine)->report({client("codex", "1.0.0")}, 1'790'000'000'000);
    for (std::size_t i = 0; i < text.size(); ++i)
        for (const int flip : {1, 2, 32}) {
            std::string other = text;
            other[i] = static_cast<char>(other[i] ^ flip);
            EXPECT_FALSE(read_report(other)) << i;
        }
    for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(read_report(text.substr(0, size))) << size;
    EXPECT_FALSE(read_report(text + "x"));
}

TEST(Fleet, TheNewestReportOfAMachineCountsInWhateverOrderTheyCome) {
    const Folder folder;
    const auto machine = Machine::open(folder.path, true);
    const auto report = [&](std::int64_t at, const std::vector<FoundFact>& facts) {
        return *(*machine)->report(facts, at);
    };
    const std::vector<std::string> texts = {report(3'000, {client("codex", "3.0.0"), address("codex", true)}),
                                            report(2'000, {client("codex", "2.0.0"), address("codex", false)}),
                                            report(1'000, {client("codex", "1.0.0")}), "nonsense",
                                            report(9'000'000, {})};
    std::vector<std::size_t> order = {0, 1, 2, 3, 4};
    do {
        Fleet fleet(
            {.now_ms = 10'000, .gateways = {}, .banned = {*parse_banned("codex@<3")}, .since_ms = {}, .machines = {}});
        for (const std::size_t i : order) ASSERT_TRUE(fleet.add(std::to_string(i), texts[i]));
        const FleetView view = fleet.view();
        EXPECT_EQ(view.machines, 1u);
        EXPECT_EQ(view.governed, 1u);
        EXPECT_EQ(view.seen, 1u);
        ASSERT_EQ(view.clients.size(), 1u);
        EXPECT_EQ(view.clients[0].version, "3.0.0");
        EXPECT_EQ(view.bans[0].last_seen_ms, 2'000);
        EXPECT_TRUE(view.bans[0].is_gone());
        EXPECT_EQ(view.left_out[static_cast<std::size_t>(LeftOut::superseded)], 2u);
        EXPECT_EQ(view.left_out[static_cast<std::size_t>(LeftOut::from_the_future)], 1u);
        EXPECT_EQ(view.left_out[static_cast<std::size_t>(LeftOut::not_a_report)], 1u);
    } while (std::ranges::next_permutation(order).found);
}

TEST(WayOut, OneAddressAroundIsEnoughAndOneThatIsNotUsedIsNone) {
    EXPECT_EQ(way_out_of({address("codex", true)}, "codex"), WayOut::through_gateway);
    EXPECT_EQ(way_out_of({address("codex", true), address("codex", false)}, "codex"), WayOut::around);
    EXPECT_EQ(way_out_of({address("codex", true), address("codex", false, false)}, "codex"), WayOut::through_gateway);
    EXPECT_EQ(way_out_of({address("claude-code", true)}, "codex"), WayOut::not_known);
    FoundFact unclear = address("codex", false);
    unclear.verdict = Verdict::unclear;
    EXPECT_EQ(way_out_of({address("codex", true), unclear}, "codex"), WayOut::not_known);
}

TEST(Gateways, AreComparedWithTheirPorts) {
    const std::vector<std::string> gateways = {"gateway.example:443", "127.0.0.1:8080"};
    EXPECT_TRUE(is_gateway(gateways, "https://gateway.example/v1"));
    EXPECT_TRUE(is_gateway(gateways, "https://Gateway.Example:443"));
    EXPECT_FALSE(is_gateway(gateways, "http://gateway.example"));
    EXPECT_FALSE(is_gateway(gateways, "https://gateway.example.evil.example"));
    EXPECT_FALSE(is_gateway(gateways, "https://gateway.example@evil.example"));
    EXPECT_TRUE(is_gateway(gateways, "http://127.0.0.1:8080/v1"));
    EXPECT_FALSE(is_gateway(gateways, "http://127.0.0.1:3456"));
}

} // namespace
} // namespace sallyport::endpoint
