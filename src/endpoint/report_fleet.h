// Signed reports of many machines merged into one picture: of each machine its newest report counts. Memory is bounded by the number of
// machines and of different clients, never by what a report holds. The order of add() decides nothing but which of two equal reports is
// called the duplicate.
#pragma once

#include "endpoint/machine_report.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sallyport::endpoint {

inline constexpr std::size_t fleet_machines_max = 200'000;
inline constexpr std::size_t fleet_names_max = 50'000; // different clients and versions
inline constexpr std::size_t fleet_clients_of_machine_max = 64;
inline constexpr std::size_t fleet_left_out_told_max = 1'000; // by name; all are counted
inline constexpr std::int64_t report_ahead_ms_max = 600'000;  // clocks differ

struct FleetOptions {
    std::int64_t now_ms = 0;
    std::vector<std::string> gateways; // empty: each report's own word on what the gateway is
    std::vector<Banned> banned;
    std::optional<std::int64_t> since_ms;          // of evidence that something is gone
    std::optional<std::set<std::string>> machines; // that count; nothing: any
};

// Why a report does not count.
enum class LeftOut : std::uint8_t {
    unreadable,
    not_a_report,
    foreign_format,
    bad_signature,
    damaged,
    not_enrolled,
    from_the_future,
    duplicate,   // the same bytes again
    superseded,  // the machine said something newer
    contradicts, // of the same time as another one of the machine, and says something else
};
inline constexpr std::size_t left_out_kinds = 10;
std::string_view name(LeftOut);

struct FleetView {
    struct Client {
        std::string name, version;
        bool is_tool = false;
        std::uint64_t machines = 0, governed = 0, around = 0, not_known = 0;
        std::uint64_t approved = 0, not_approved = 0, unclear = 0;
    };
    struct Ban {
        std::string text;
        std::uint64_t has_it = 0;    // machines whose newest report names it
        std::uint64_t gone_from = 0; // machines that had it in an earlier report and no longer do
        std::int64_t last_seen_ms = -1;
        std::uint64_t silent = 0; // machines that have not reported since
        bool is_gone() const { return has_it == 0 && silent == 0; }
    };
    std::uint64_t read = 0, taken = 0;
    std::array<std::uint64_t, left_out_kinds> left_out{};
    std::vector<std::pair<std::string, LeftOut>> told; // file names
    std::uint64_t machines = 0, with_clients = 0, all_governed = 0, enrolled_silent = 0;
    std::uint64_t seen = 0, governed = 0, around = 0, not_known = 0; // pairs of machine and client
    std::int64_t oldest_ms = -1, newest_ms = -1;                     // of the reports that count
    std::vector<Client> clients;                                     // by name and version
    std::vector<Ban> bans;
    bool names_cut = false; // more different clients than are told apart
};

class Fleet {
public:
    explicit Fleet(FleetOptions options) : options_(std::move(options)) {}
    // `text`: the file, or why it could not be read.
    Result<void> add(const std::string& file, const Result<std::string>& text);
    FleetView view() const;

private:
    struct Has {
        std::uint32_t name = 0; // of names_
        WayOut way = WayOut::not_known;
        Verdict verdict = Verdict::unclear;
        bool is_tool = false;
    };
    struct Machine {
        std::int64_t at_ms = -1;
        std::string file;
        std::string digest; // of the report
        std::vector<Has> has;
        std::vector<std::int64_t> banned_seen_ms; // by ban; -1 never
        std::vector<bool> banned_now;
    };
    void leave_out(const std::string& file, LeftOut why);
    std::uint32_t name_of(const std::string& client, const std::string& version);

    FleetOptions options_;
    std::unordered_map<std::string, Machine> machines_;
    std::unordered_map<std::string, std::uint32_t> index_;
    std::vector<std::pair<std::string, std::string>> names_;
    std::set<std::string> seen_reports_; // digests, cut to 16 bytes
    bool names_cut_ = false;
    std::uint64_t read_ = 0;
    std::array<std::uint64_t, left_out_kinds> left_out_{};
    std::vector<std::pair<std::string, LeftOut>> told_;
};

} // namespace sallyport::endpoint
