// The compiled policy: for each value that a dimension of the facts can have, the set of rules that this value does not rule out,
// as a row of bits (bit i: rule i). A decision is the intersection of one row per dimension; nothing is searched rule by rule.
//
// Invariants: a row for values that no rule names exists in every dimension; the rows of tightening rules (refuse, record) follow
// "what is not known never helps" (model.h). Immutable and shared by all threads after construction.
#pragma once

#include "base/limits.h"
#include "policy/model.h"
#include "policy/patterns.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sallyport::policy {

inline constexpr std::size_t row_words_max = (limits::policy_rules_max + 63) / 64;
inline constexpr std::size_t rows_bytes_max = 64u << 20;

using Row = std::uint32_t; // index of a row in Rows

class Rows {
public:
    explicit Rows(std::size_t rules) : words_((rules + 63) / 64) {}
    std::size_t words() const { return words_; }
    Row add(); // all rules ruled out
    Row copy(Row row);
    void set(Row row, std::size_t rule) { bits_[row * words_ + rule / 64] |= std::uint64_t{1} << (rule % 64); }
    void clear(Row row, std::size_t rule) { bits_[row * words_ + rule / 64] &= ~(std::uint64_t{1} << (rule % 64)); }
    const std::uint64_t* at(Row row) const { return bits_.data() + row * words_; }
    std::size_t bytes() const { return bits_.size() * 8; }

private:
    std::size_t words_;
    std::vector<std::uint64_t> bits_;
};

// Names without allocation on lookup.
struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
// Of plugins: '-' and '_' are one (same_plugin()).
struct PluginNameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
        std::uint64_t hash = 0xCBF29CE484222325ull; // FNV-1a
        for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c == '_' ? '-' : c)) * 0x100000001B3ull;
        return hash;
    }
};
struct PluginNameEqual {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const { return same_plugin(a, b); }
};
using PluginTable = std::unordered_map<std::string, std::uint32_t, PluginNameHash, PluginNameEqual>;
using NameTable = std::unordered_map<std::string, std::uint32_t, NameHash, std::equal_to<>>;

// A dimension whose values are names: each named by some rule has its row, all others share one.
struct NamedRows {
    NameTable rows;
    Row other = 0;
    Row of(std::string_view name) const {
        const auto found = rows.find(name);
        return found == rows.end() ? other : found->second;
    }
};

// A client's versions as the policy can tell them apart: cell 0 is "not known", then the spaces between and the points of all
// versions that some range names, in their order.
struct ClientCells {
    bool listed = false;
    bool refuses_advisories = false;
    std::vector<std::string> bounds; // in version order, each once
    std::vector<VersionKey> keys;    // of the bounds
    std::vector<bool> approved;      // by cell: the range under `clients`
    std::vector<Row> rows;           // by cell
    std::size_t cell_of(std::string_view version) const;
    static std::size_t cell_of_bound(std::size_t bound) { return 2 + 2 * bound; }
};

// A dimension whose values are numbers in their order: row i holds from starts[i] to before the next; starts[0] is the least there is.
struct SteppedRows {
    std::vector<std::int64_t> starts;
    std::vector<Row> rows;
    Row at(std::int64_t value) const {
        const auto after = std::upper_bound(starts.begin(), starts.end(), value);
        return rows[static_cast<std::size_t>(after - starts.begin()) - 1];
    }
};

struct PluginEntry {
    Row when = 0;
    Row allowed = 0;
    std::uint32_t classes = 0; // in which it is approved
};

class Program {
public:
    explicit Program(Document source);

    // What the repository of a request makes of it, before the conversation's class.
    struct Placed {
        Class cls = Class::trade_secret;
        Entities entities;
    };
    Placed place(const Facts& facts) const;
    // As whom the rules know a plugin, as known_plugin() says it.
    const PluginEntry& plugin(std::string_view text) const;
    bool too_large() const { return too_large_; } // more clients, or names x rules, than the limits: not to be used

    const Document document;
    std::string digest; // set by document.cpp

    Rows rows;
    Row allow_rules = 0, refuse_rules = 0, durable_rules = 0;
    bool relaxes = false;                   // some refusal is not enforced; else the rows below are not looked at
    std::array<Row, mode_count> enforced{}; // refuse rules that act, for teams with this mode; invariants among them
    NameTable refuse_index;                 // rule ids that an exception can name
    Mode mode_of(std::string_view team) const {
        const auto found = team_modes.find(team);
        return found == team_modes.end() ? document.mode : static_cast<Mode>(found->second);
    }
    NameTable team_modes;
    std::array<Row, class_count> by_class{};
    std::array<Row, evidence_count> by_evidence{};
    std::array<Row, 2> by_account{}, allowed_account{};
    NamedRows by_team, by_role;
    bool names_entities = false;
    bool names_time = false; // else both of these have one row that rules nothing out
    SteppedRows by_week_minute, by_date;
    std::vector<Row> by_entity, by_claimed_entity; // by Entities::of; `also` is the same, or the default one
    NameTable client_index;
    std::vector<ClientCells> clients;
    Row other_client = 0;
    bool any_client = false; // no `clients` section
    std::vector<Row> by_upstream;
    std::vector<char> has_terms; // by upstream: terms_hold() can be false
    PatternIndex models;         // values: index into both of these
    std::vector<Row> by_model, allowed_model;
    Row any_model = 0, any_model_allowed = 0, model_unknown = 0;
    std::array<Row, reference_kinds> by_reference{};
    std::array<std::array<Row, reference_kinds>, 2> allowed_reference{}; // [class is open-source]
    Row without_reference_condition = 0;
    bool amends = false;                    // some rule does; else the rows below are not looked at
    std::array<Row, mode_count> amending{}; // amend rules that act, for teams with this mode
    std::vector<std::uint32_t> strip_rules; // rules that strip headers, in order; at most strip_rules_max
    std::uint16_t strip_bit(std::size_t rule) const {
        const auto at = std::ranges::find(strip_rules, rule) - strip_rules.begin();
        return static_cast<std::uint16_t>(1u << at);
    }
    bool names_findings = false; // else these are not looked at
    std::array<Row, finding_bits> by_finding{};
    Row without_finding_condition = 0;
    PluginTable plugin_index;
    std::vector<PluginEntry> plugins;
    PluginEntry other_plugin, misnamed_plugin;  // misnamed: bears a name that is known by another identity
    PatternIndex plugin_identities;             // values: index of the entry in document.plugins
    std::vector<std::uint32_t> plugin_of_entry; // index into plugins
    std::vector<char> has_identities;           // by index into plugins
    Row without_plugin_condition = 0;

private:
    template <class Holds> Row row_where(Holds holds);
    void compile_plain();
    void compile_names(NamedRows& names, Names Conditions::* which);
    void compile_time();
    void compile_entities();
    void compile_clients();
    void compile_client(ClientCells& cells, const std::string& name);
    void compile_models();
    void compile_references();
    void compile_findings();
    void compile_plugins();
    void compile_repositories();

    std::vector<PatternIndex> repositories_;   // one a file; values: index of the entry
    std::vector<std::uint16_t> entity_of_row_; // of the first file's entries
    bool too_large_ = false;
};

} // namespace sallyport::policy
