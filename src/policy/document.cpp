#include "policy/document.h"

#include "base/encoding.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "policy/program.h"
#include "policy/prove.h"
#include "policy/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace sallyport::policy {

namespace {

constexpr std::size_t included_files_max = 256;

// One loading: the document as far as it was read, and what was wrong.
struct Loading {
    Document document;
    Policy::Loaded result;

    std::vector<Include> read(std::string text, const std::string& file, const Include* as) {
        Reader reader(file);
        std::vector<Include> includes;
        if (reader.parse(text, limits::policy_bytes_max))
            includes = read_document(reader, document, std::move(text), as);
        result.mistakes.insert(result.mistakes.end(), reader.mistakes().begin(), reader.mistakes().end());
        result.warnings.insert(result.warnings.end(), reader.warnings().begin(), reader.warnings().end());
        return includes;
    }
    void mistake(std::string file, Place place, std::string sentence) {
        result.mistakes.push_back({std::move(file), place.line, place.column, std::move(sentence)});
    }
    void check_rule_ids() {
        std::unordered_map<std::string_view, const Rule*> first;
        for (const auto& rule : document.rules) {
            const auto [known, fresh] = first.emplace(rule.id, &rule);
            if (!fresh && !rule.id.empty() && result.mistakes.size() <= mistakes_max)
                mistake(rule.file, rule.place,
                        fmt::format("rule '{}' is here twice; the first is at {}:{}", rule.id, known->second->file,
                                    known->second->place.line));
        }
    }
    void warn();
    void warn_of_unreachable_servers();
    void warn_of_unstated_facts();
    Policy::Loaded finish(Invariants invariants = Invariants::proven);
};

std::string digest_of(const Document& document) {
    crypto::Sha256 sum;
    for (const auto& file : document.files) {
        sum.add(fmt::format("{}\n", file.text.size())); // so that no two rows of files have the same content
        sum.add(file.text);
    }
    return "sha256:" + to_hex(crypto::bytes(sum.finish()));
}

// Whether some request in some class to some upstream could satisfy an allow rule, looking at each condition by itself.
bool can_match(const Document& document, const Rule& rule) {
    const auto meets = [](const Names& a, const Names& b) {
        return !a || !b || std::ranges::any_of(*a, [&](const auto& one) { return has(b, one); });
    };
    const std::uint32_t accounts = rule.allow.accounts.value_or(1u << static_cast<unsigned>(AccountKind::company));
    return meets(rule.when.clients, rule.allow.clients) && meets(rule.when.plugins, rule.allow.plugins) &&
           (rule.when.accounts.value_or(accounts) & accounts) != 0 &&
           std::ranges::any_of(document.upstreams, [&](const UpstreamFacts& upstream) {
               return upstream_holds(rule.when, upstream, false) &&
                      (!rule.allow.upstreams || has(rule.allow.upstreams, upstream.name));
           });
}

void Loading::warn() {
    const auto& main = document.files.front().name;
    const auto warning = [&](const std::string& file, Place place, std::string sentence) {
        result.warnings.push_back({file, place.line, place.column, std::move(sentence)});
    };
    bool allows = false;
    for (const auto& rule : document.rules) {
        if (rule.effect != Effect::allow) continue;
        allows = true;
        if (!can_match(document, rule))
            warning(rule.file, rule.place, fmt::format("rule '{}' can never allow anything", rule.id));
    }
    for (const Team& team : document.teams)
        if (std::ranges::none_of(document.rules, [&](const Rule& rule) { return has(rule.when.teams, team.name); }) &&
            !team.mode)
            warning(main, {}, fmt::format("team '{}' is named, but nothing is said of it", team.name));
    if (!allows) warning(main, {}, "no rule allows anything, so everything is refused");
    for (const auto& upstream : document.upstreams)
        if (allows && std::ranges::none_of(document.rules, [&](const Rule& rule) {
                return rule.effect == Effect::allow &&
                       (!rule.allow.upstreams || has(rule.allow.upstreams, upstream.name)) &&
                       upstream_holds(rule.when, upstream, false);
            }))
            warning(main, {}, fmt::format("no rule lets anybody use upstream '{}'", upstream.name));
}

// A grant of a server opens no way to it: egress rules do, and addresses that are not public only where they say so.
void Loading::warn_of_unreachable_servers() {
    for (const Grant& grant : document.grants) {
        if (grant.ssh.host.empty()) continue;
        for (std::size_t c = 0; c < class_count; ++c) {
            if ((grant.classes >> c & 1) == 0) continue;
            const EgressRule* const rule =
                contact_rule(document.egress, static_cast<Class>(c), grant.ssh.host, grant.ssh.port);
            if (rule != nullptr && rule->act == Contact::allow) continue;
            result.warnings.push_back(
                {document.files.front().name, 0, 0,
                 fmt::format("grant '{}' is for {}:{}, which no egress rule allows for class {}", grant.id,
                             grant.ssh.host, grant.ssh.port, name(static_cast<Class>(c)))});
            break;
        }
    }
}

// An upstream without a region is refused by a rule against a region: right, but hardly what was meant.
void Loading::warn_of_unstated_facts() {
    for (const auto& rule : document.rules)
        for (std::size_t i = 0; rule.tightens() && i < upstream_fact_count; ++i)
            for (const auto& upstream : document.upstreams)
                if (rule.when.upstream_facts[i] && upstream_holds(rule.when, upstream, true) &&
                    fact(upstream, static_cast<UpstreamFact>(i)).empty() && result.warnings.size() < mistakes_max)
                    result.warnings.push_back({rule.file, rule.place.line, rule.place.column,
                                               fmt::format("rule '{}' also meets upstream '{}', which states no {}",
                                                           rule.id, upstream.name, upstream_fact_names[i])});
}

Policy::Loaded Loading::finish(Invariants invariants) {
    if (result.mistakes.empty()) check_rule_ids();
    if (result.mistakes.empty() && invariants == Invariants::proven)
        result.mistakes = mistakes_of(document, prove(document));
    if (!result.mistakes.empty()) return std::move(result);
    warn();
    warn_of_unreachable_servers();
    warn_of_unstated_facts();
    const auto main = document.files.front().name;
    auto digest = digest_of(document);
    add_invariants_as_rules(document);
    auto program = std::make_unique<Program>(std::move(document));
    program->digest = std::move(digest);
    if (program->too_large())
        mistake(main, {},
                fmt::format("the policy names too much: at most {} clients, and names x rules of {} MiB", clients_max,
                            rows_bytes_max >> 20));
    else
        result.policy = std::make_shared<const Policy>(std::move(program));
    return std::move(result);
}

// The files that an include asks for, in the order of their names. Below the policy's own folder, the last part may be a pattern.
std::vector<std::filesystem::path> included_files(const std::filesystem::path& folder, const Include& include,
                                                  Loading& loading, const std::string& main) {
    const std::filesystem::path asked(include.pattern);
    std::vector<std::filesystem::path> files;
    const bool climbs = std::ranges::any_of(asked, [](const auto& part) { return part == ".."; });
    if (asked.is_absolute() || climbs || asked.parent_path().string().find_first_of("*?") != std::string::npos) {
        loading.mistake(main, include.place,
                        "an include lies below the policy's own folder; only its last part is a pattern");
        return files;
    }
    if (asked.string().find_first_of("*?") == std::string::npos) return {folder / asked};
    std::error_code error;
    const auto listed = folder / asked.parent_path();
    for (std::filesystem::directory_iterator entry(listed.empty() ? "." : listed, error), end; !error && entry != end;
         entry.increment(error))
        if (glob_matches(asked.filename().string(), entry->path().filename().string())) files.push_back(entry->path());
    if (error)
        loading.mistake(main, include.place,
                        fmt::format("cannot list {}: {}", (folder / asked.parent_path()).string(), error.message()));
    if (!error && files.empty())
        loading.result.warnings.push_back({main, include.place.line, include.place.column,
                                           fmt::format("no file matches '{}': nothing is included", include.pattern)});
    std::ranges::sort(files);
    return files;
}

} // namespace

std::string_view Policy::digest() const { return program_->digest; }
std::string_view Policy::source() const { return program_->document.files.front().text; }
std::span<const UpstreamFacts> Policy::upstreams() const { return program_->document.upstreams; }
std::string_view Policy::rule_id(std::uint16_t rule) const {
    return rule < rule_count() ? std::string_view(program_->document.rules[rule].id) : std::string_view{};
}
std::string_view Policy::rule_owner(std::uint16_t rule) const {
    return rule < rule_count() ? std::string_view(program_->document.rules[rule].owner) : std::string_view{};
}
std::size_t Policy::rule_count() const { return program_->document.rules.size(); }
std::size_t Policy::invariant_count() const { return program_->document.invariants.size(); }
const Program& Policy::program() const { return *program_; }
std::uint16_t Policy::upstream_named(std::string_view name) const {
    const auto found = std::ranges::find(upstreams(), name, &UpstreamFacts::name);
    return found == upstreams().end() ? no_rule : static_cast<std::uint16_t>(found - upstreams().begin());
}
Policy::Policy(std::unique_ptr<Program> program) : program_(std::move(program)) {}
Policy::~Policy() = default;

Policy::Loaded load(const std::filesystem::path& file) {
    Loading loading;
    auto text = read_file(file, limits::policy_bytes_max);
    if (!text) {
        loading.mistake(file.string(), {}, text.error().message);
        return std::move(loading.result);
    }
    std::size_t bytes = text->size(), count = 0;
    for (const auto& include : loading.read(std::move(*text), file.string(), nullptr))
        for (const auto& path : included_files(file.parent_path(), include, loading, file.string())) {
            std::error_code code; // a link must not lead out of the folder that is reviewed
            const auto real = std::filesystem::weakly_canonical(path, code),
                       folder = std::filesystem::weakly_canonical(file.parent_path().empty() ? "." : file.parent_path(),
                                                                  code);
            if (std::mismatch(folder.begin(), folder.end(), real.begin(), real.end()).first != folder.end()) {
                loading.mistake(file.string(), include.place,
                                fmt::format("{} leads out of the policy's own folder", path.string()));
                continue;
            }
            if (real == std::filesystem::weakly_canonical(file, code)) {
                loading.mistake(file.string(), include.place,
                                fmt::format("'{}' includes the policy itself", include.pattern));
                continue;
            }
            auto included = read_file(path, limits::policy_bytes_max);
            if (!included) {
                loading.mistake(file.string(), include.place, included.error().message);
                continue;
            }
            bytes += included->size();
            if (++count > included_files_max || bytes > limits::policy_bytes_max) {
                loading.mistake(file.string(), include.place,
                                fmt::format("more than {} included files or {} bytes in all", included_files_max,
                                            limits::policy_bytes_max));
                return std::move(loading.result);
            }
            loading.read(std::move(*included), path.string(), &include);
        }
    return loading.finish();
}

Policy::Loaded load_text(std::string_view text, std::string_view name, Invariants invariants) {
    Loading loading;
    for (const auto& include : loading.read(std::string(text), std::string(name), nullptr))
        loading.mistake(std::string(name), include.place, "include works only for a policy that is a file");
    return loading.finish(invariants);
}

} // namespace sallyport::policy
