// policy.yaml, read and compiled. The document's mistakes are all reported at once, each as file:line:column with the nearest
// known word; a document with a mistake is no policy. A Policy is immutable and shared by all threads.
#pragma once

#include "base/error.h"
#include "policy/facts.h"
#include "policy/mistake.h"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::policy {

// What the policy says of an upstream, for rules to ask for and entries to record. The address is in sallyport.yaml.
struct UpstreamFacts {
    std::string name;
    std::string vendor;
    std::string hosting; // "vendor", "own", "cloud"
    std::string region;
    std::string contract;
    std::string training;
    std::string retention;
    std::string payment;
    std::int64_t contract_from_ms = std::numeric_limits<std::int64_t>::min();  // in force from here
    std::int64_t contract_until_ms = std::numeric_limits<std::int64_t>::max(); // to before here
    std::optional<std::vector<std::string>> legal_entities; // ours, for which the contract was made; not stated: any
};

class Program; // the compiled rules: an index by dimension

class Policy {
public:
    struct Loaded;

    std::string_view digest() const; // "sha256:…" of the canonical content: file texts in order of inclusion
    std::string_view source() const; // the text of the main file, kept for replay
    std::span<const UpstreamFacts> upstreams() const;
    std::string_view rule_id(std::uint16_t rule) const;
    std::string_view rule_owner(std::uint16_t rule) const; // empty where none is stated
    std::size_t rule_count() const; // invariants, which are rules behind those of the files, among them
    std::size_t invariant_count() const;
    const Program& program() const;
    std::uint16_t upstream_named(std::string_view name) const; // no_rule where unknown

    Policy(std::unique_ptr<Program> program);
    ~Policy();

private:
    std::unique_ptr<Program> program_;
};

struct Policy::Loaded {
    std::shared_ptr<const Policy> policy; // null where there are mistakes
    std::vector<Mistake> mistakes;
    std::vector<Mistake> warnings; // rules that can never match, upstreams nobody may use
};

// Reads `file` and what it includes.
Policy::Loaded load(const std::filesystem::path& file);
// Whether a policy that breaks its own invariants is still made: only to show by it that they are broken.
enum class Invariants : std::uint8_t { proven, unproven };
// The same from memory; `name` is used in messages; includes are mistakes here.
Policy::Loaded load_text(std::string_view text, std::string_view name, Invariants invariants = Invariants::proven);

} // namespace sallyport::policy
