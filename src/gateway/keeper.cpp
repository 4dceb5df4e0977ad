#include "gateway/keeper.h"

#include "base/clock.h"
#include "base/file.h"
#include "content/common_texts.h"
#include "content/manifest.h"
#include "policy/program.h"

#include <charconv>

namespace sallyport::gateway {

std::string lines_of(std::span<const policy::Mistake> mistakes) {
    std::string lines;
    for (const policy::Mistake& mistake : mistakes) lines += (lines.empty() ? "" : "\n") + mistake.text();
    return lines;
}

namespace {
// `in_force`: the version that must not be gone back behind.
Result<SignedPolicy> load_policy(const Config& config, const Log& log, std::uint64_t in_force) {
    policy::Policy::Loaded loaded = policy::load(config.policy);
    for (const policy::Mistake& warning : loaded.warnings) log.warning("policy.warning", {{"at", warning.text()}});
    if (!loaded.policy) return fail(ErrorKind::invalid, lines_of(loaded.mistakes));
    SignedPolicy out{loaded.policy, {}};
    if (config.policy_signers.empty()) return out;
    const std::filesystem::path file = policy::signature_file(config.policy);
    const auto bad = [&](const std::string& why) {
        return fail(ErrorKind::invalid,
                    "the policy " + config.policy.string() + " is not taken, since it must be signed: " + why);
    };
    const auto note = read_file(file, crypto::note_bytes_max);
    if (!note) return bad(note.error().message);
    auto signature = policy::check_signature(*out.policy, *note, config.policy_signers, config.policy_signatures);
    if (!signature) return bad(file.string() + ": " + signature.error().message);
    if (signature->version < in_force)
        return bad(file.string() + " is version " + std::to_string(signature->version) + ", older than version " +
                   std::to_string(in_force) + " in force");
    out.signature = std::move(*signature);
    return out;
}

// The main file under a fixed name, the included ones beside it under theirs.
Result<void> keep_policy(const std::filesystem::path& policies, const policy::Policy& policy) {
    const std::filesystem::path main_file = kept_policy_file(policies, policy.digest());
    std::error_code code;
    if (std::filesystem::exists(main_file, code)) return {};
    const auto& files = policy.program().document.files;
    const std::filesystem::path original = std::filesystem::path(files.front().name).parent_path();
    for (std::size_t i = files.size(); i-- > 0;) { // the main file last: where it is, all is there
        const std::filesystem::path target =
            i == 0 ? main_file
                   : main_file.parent_path() / std::filesystem::path(files[i].name).lexically_relative(original);
        std::filesystem::create_directories(target.parent_path(), code);
        for (const auto& folder : {policies, target.parent_path()}) // they name repositories and classes
            std::filesystem::permissions(folder, std::filesystem::perms::owner_all, code);
        if (auto kept = replace_file(target, files[i].text, 0600); !kept) return kept;
    }
    return {};
}

// The highest version of a signed policy that was ever in force here. A file that is there and says nothing is an error: else
// taking it away in part would let an older policy back in.
std::filesystem::path version_file(const std::filesystem::path& policies) { return policies / "version"; }

Result<std::uint64_t> version_seen(const std::filesystem::path& policies) {
    std::error_code code;
    if (!std::filesystem::exists(version_file(policies), code)) return 0;
    const auto text = read_file(version_file(policies), 32);
    if (!text) return std::unexpected(text.error());
    std::uint64_t version = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), version);
    if (error != std::errc() || end == text->data())
        return fail(ErrorKind::invalid, version_file(policies).string() + " holds no version of a policy");
    return version;
}

// What changes whenever something is indexed; a manifest that cannot be read is another one.
std::uint64_t serial_of(const std::filesystem::path& index) {
    const auto manifest = content::Manifest::read(index);
    return manifest ? manifest->serial : ~std::uint64_t{0};
}

// Says of everything no, and why.
SignedPolicy refusing_policy() { return {policy::load_text("version: 1\n", "none").policy, {}}; }
} // namespace

std::filesystem::path kept_policy_file(const std::filesystem::path& policies, std::string_view digest) {
    return policies / std::string(digest.substr(digest.find(':') + 1)) / "policy.yaml";
}

Result<std::shared_ptr<const content::Rules>> Keeper::load_rules(const Config& config) {
    std::vector<content::RuleFile> own;
    std::string text = config.personal_data ? "personal\n" : "\n";
    for (const std::filesystem::path& path : config.rule_files) {
        const auto file = read_file(path, limits::rule_file_bytes_max);
        if (!file) return std::unexpected(file.error());
        auto read = content::read_rule_file(*file, path.string());
        if (!read) return std::unexpected(std::move(read.error()));
        own.push_back(std::move(*read));
        text += path.string() + "\n" + std::to_string(file->size()) + "\n" + *file;
    }
    if (rules_ && text == rules_text_) return rules_;
    auto rules = content::Rules::load(own, config.personal_data, rules_.get());
    if (!rules) return rules;
    if (const auto remark = (*rules)->secrets()->engine_remark(); !remark.empty())
        log_.warning("inspection.engine", {{"why", remark}});
    rules_ = *rules;
    rules_text_ = std::move(text);
    return rules_;
}

Result<void> Keeper::load_code() {
    const std::uint64_t generation = serial_of(code_index_);
    if (code_ && code_->serial() == generation) return {};
    auto loaded = content::CodeIndex::open(code_index_);
    if (!loaded) {
        code_failed_ = generation;
        return std::unexpected(loaded.error());
    }
    code_ = std::move(*loaded);
    code_failed_ = 0;
    if (code_->segments() > 0)
        log_.info("index.loaded", {{"repositories", static_cast<std::int64_t>(code_->repositories())}});
    return {};
}

Result<std::shared_ptr<const catalog::Advisories>> Keeper::load_advisories(const Config& config) const {
    auto loaded = catalog::load_advisories(config.advisories);
    if (!loaded) return loaded;
    if (world_ && world_->advisories->digest() == (*loaded)->digest()) return world_->advisories;
    if (!(*loaded)->all().empty())
        log_.info("advisories.loaded", {{"advisories", static_cast<std::int64_t>((*loaded)->all().size())}});
    return loaded;
}

std::shared_ptr<const content::Rules> Keeper::with_code(std::shared_ptr<const content::Rules> rules,
                                                        const policy::Policy& policy) const {
    if (!code_ || (code_->segments() == 0 && !rules->code())) return rules;
    std::vector<bool> open;
    for (std::uint32_t i = 0; i < code_->repositories(); ++i) {
        policy::Facts facts;
        facts.repository = code_->repository(i);
        facts.evidence = policy::Evidence::observed;
        open.push_back(facts.repository == content::common_texts_repository ||
                       policy::effective_class(policy, facts) == policy::Class::open_source);
    }
    auto made = rules->with_code(code_, std::move(open));
    const bool same = world_ && world_->rules->epoch() == made->epoch();
    return same ? world_->rules : made;
}

void Keeper::poll_code() {
    const std::uint64_t generation = serial_of(code_index_);
    if ((code_ && code_->serial() == generation) || generation == code_failed_) return;
    auto loaded = load_code();
    if (loaded)
        loaded = make(world_->config, {world_->policy, world_->signature}, rules_, world_->advisories, world_->problem);
    if (!loaded) {
        log_.error("index.unusable", {{"why", loaded.error().message}});
        return;
    }
    publish_(world_);
}

Result<void> Keeper::make(std::shared_ptr<const Config> config, SignedPolicy policy,
                          std::shared_ptr<const content::Rules> rules,
                          std::shared_ptr<const catalog::Advisories> advisories, std::string problem) {
    auto keys = state_.keys();
    if (!keys) return std::unexpected(keys.error());
    std::vector<std::string> warnings;
    const std::uint64_t version = keys->version;
    const auto people = state_.people();
    if (!people) return std::unexpected(people.error());
    std::unordered_set<std::string> disabled;
    for (const store::PersonRecord& one : *people)
        if (one.disabled_ms != 0) disabled.insert(one.person);
    if (!disabled.empty()) sessions_.end_of(disabled); // enabled again, they sign in again
    auto table = std::make_shared<identity::KeyTable>(key_digests_, std::move(*keys), sessions_, std::move(disabled));
    auto granted = state_.exceptions();
    if (!granted) return std::unexpected(granted.error());
    auto exceptions = std::make_shared<identity::ExceptionTable>(std::move(*granted));
    if (const auto open = exceptions->break_glasses(wall_ms()); open > 0)
        log_.warning("break_glass.open", {{"count", static_cast<std::int64_t>(open)}});
    rules = with_code(std::move(rules), *policy.policy);
    auto made = make_world(std::move(config), std::move(policy.policy), std::move(policy.signature), std::move(table),
                           std::move(exceptions), std::move(rules), std::move(advisories), warnings);
    if (!made) return std::unexpected(made.error());
    (*made)->problem = std::move(problem);
    auto disputed = state_.disputes();
    if (!disputed) return std::unexpected(disputed.error());
    if (world_ && world_->disputes->size() != disputed->size())
        log_.info("disputes.changed", {{"disputes", static_cast<std::int64_t>(disputed->size())}});
    (*made)->disputes = std::make_shared<identity::DisputeTable>(std::move(*disputed));
    if (auto kept = keep_policy(policies_, *(*made)->policy); !kept) return kept;
    const std::uint64_t signed_version = (*made)->signature.version;
    if (const auto seen = version_seen(policies_); signed_version > 0 && seen && signed_version > *seen)
        if (auto kept = replace_file(version_file(policies_), std::to_string(signed_version) + "\n", 0600); !kept)
            return kept;
    for (const std::string& warning : warnings) log_.warning("world.warning", {{"what", warning}});
    world_ = std::move(*made);
    keys_version_ = version;
    confirmed_ms_.store(monotonic_ms(), std::memory_order_relaxed);
    return {};
}

Result<std::shared_ptr<const World>> Keeper::first(std::shared_ptr<const Config> config) {
    const auto seen = version_seen(policies_);
    auto policy = seen ? load_policy(*config, log_, *seen) : std::unexpected(seen.error());
    if (!policy) { // it starts, refuses everything and says why; a reload of a mended policy opens it
        last_problem_ = policy.error().message;
        log_.error("policy.unusable", {{"why", last_problem_}});
        policy = refusing_policy();
    }
    auto rules = load_rules(*config);
    if (!rules) { // what they would find must not leave meanwhile
        last_problem_ = rules.error().message;
        log_.error("rules.unusable", {{"why", last_problem_}});
        policy = refusing_policy();
        rules = content::Rules::built_in();
        if (!rules) return std::unexpected(rules.error());
        rules_ = *rules;
    }
    if (auto code = load_code(); !code) { // what it would find must not leave meanwhile
        last_problem_ = code.error().message;
        log_.error("index.unusable", {{"why", last_problem_}});
        policy = refusing_policy();
    }
    auto advisories = load_advisories(*config);
    if (!advisories) { // what they are about must not go on meanwhile
        last_problem_ = advisories.error().message;
        log_.error("advisories.unusable", {{"why", last_problem_}});
        policy = refusing_policy();
        advisories = std::make_shared<const catalog::Advisories>();
    }
    if (auto made =
            make(std::move(config), std::move(*policy), std::move(*rules), std::move(*advisories), last_problem_);
        !made)
        return std::unexpected(made.error());
    return world_;
}

void Keeper::poll_keys() {
    const auto changed = state_.keys_if_changed(keys_version_);
    if (!changed) { // not confirmed: after limits::world_stale_ms_max nothing passes any more
        log_.error("keys.unreadable", {{"why", changed.error().message}});
        return;
    }
    if (!*changed) {
        confirmed_ms_.store(monotonic_ms(), std::memory_order_relaxed);
        return;
    }
    if (const auto made =
            make(world_->config, {world_->policy, world_->signature}, rules_, world_->advisories, world_->problem);
        !made) {
        log_.error("keys.unreadable", {{"why", made.error().message}});
        return;
    }
    log_.info("keys.changed", {{"keys", static_cast<std::int64_t>(world_->keys->size())}, {"world", world_->digest}});
    publish_(world_);
}

void Keeper::reload() {
    const auto failed = [&](const std::string& why) {
        ++reloads_failed_;
        last_problem_ = why;
        log_.error("reload.failed", {{"why", why}, {"in_force", world_->digest}});
    };
    LoadedConfig config = load_config(world_->config->file, true);
    if (!config.config) return failed(lines_of(config.mistakes));
    // Listeners, data directory, threads and limits belong to the start; what else changed takes effect now.
    const auto seen = version_seen(policies_);
    auto policy = seen ? load_policy(*config.config, log_, *seen) : std::unexpected(seen.error());
    if (!policy) return failed(policy.error().message);
    auto rules = load_rules(*config.config);
    if (!rules) return failed(rules.error().message);
    auto advisories = load_advisories(*config.config);
    if (!advisories) return failed(advisories.error().message);
    if (const auto made =
            make(std::move(config.config), std::move(*policy), std::move(*rules), std::move(*advisories), {});
        !made)
        return failed(made.error().message);
    last_problem_.clear();
    publish_(world_); // before it is told: who reads that it is done counts on it
    log_.info("reload.done", {{"world", world_->digest}, {"policy", world_->policy->digest()}});
}

} // namespace sallyport::gateway
