// sallyport ledger verify | checkpoint: what the ledger was, to be shown to others, and whether it still is.
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "cli/ledger_commands.h"
#include "cli/ledger_verify_bodies.h"
#include "cli/sealed.h"
#include "cli/terminal.h"
#include "json/writer.h"
#include "ledger/bundle.h"
#include "ledger/checkpoint_file.h"
#include "ledger/tree_files.h"
#include "ledger/verify.h"
#include "store/state.h"
#include "tlog/lines.h"

#include <fmt/format.h>

namespace sallyport::cli {

Result<void> add_keys(const std::string& text, std::vector<crypto::NoteVerifier>& keys) {
    if (auto key = crypto::NoteVerifier::parse(text)) {
        keys.push_back(std::move(*key));
        return {};
    }
    const auto content = read_file(text, crypto::note_bytes_max);
    if (!content)
        return fail(ErrorKind::invalid,
                    "'" + printable(text) + "' is neither a verifier key nor a file that can be read");
    for (std::size_t at = 0; at < content->size();) {
        const std::size_t end = std::min(content->find('\n', at), content->size());
        auto key = crypto::NoteVerifier::parse(std::string_view(*content).substr(at, end - at));
        if (!key) return fail(ErrorKind::invalid, printable(text) + ": " + key.error().message);
        keys.push_back(std::move(*key));
        at = end + 1;
    }
    return {};
}

void write_problems(json::Writer& writer, std::span<const ledger::Problem> problems) {
    writer.begin_array("problems");
    for (const ledger::Problem& one : problems) {
        writer.begin_object();
        writer.member("kind", one.kind);
        if (one.first) writer.member("first", *one.first);
        if (one.last) writer.member("last", *one.last);
        writer.member("sentence", one.sentence);
        writer.end_object();
    }
    writer.end_array();
}

Result<tlog::SignedCheckpoint> checkpoint_in(const std::string& file) {
    const auto text = read_file(file, crypto::note_bytes_max);
    if (!text) return std::unexpected(text.error());
    auto read = tlog::parse_signed_checkpoint(*text);
    if (!read) return fail(ErrorKind::invalid, printable(file) + ": " + read.error().message);
    return read;
}

std::optional<LedgerPlace> open_place(const std::string& config_file, const std::string& directory,
                                      std::span<const std::string> keys, int& exit_code) {
    LedgerPlace place;
    for (const std::string& key : keys)
        if (auto added = add_keys(key, place.keys); !added) {
            exit_code = complain(added.error());
            return std::nullopt;
        }
    if (!directory.empty()) {
        if (place.keys.empty()) {
            [[maybe_unused]] const int told = complain("--ledger needs the log's key: --key, as `sallyport ledger key` "
                                                       "prints it where the ledger is written");
            exit_code = wrong_use;
            return std::nullopt;
        }
        place.directory = directory;
        return place;
    }
    const auto config = open_config(config_file, false, exit_code);
    if (!config) return std::nullopt;
    const auto installation =
        identity::Installation::open(config->data, identity::Tenancy::visitor, config->ledger.key);
    if (!installation) {
        exit_code = complain(installation.error());
        return std::nullopt;
    }
    place.directory = installation->ledger_directory();
    place.config = config;
    place.own_keys = installation->ledger_keys();
    if (place.keys.empty()) {
        place.keys = installation->ledger_keys();
        for (const gateway::WitnessConfig& witness : config->ledger.witnesses) place.keys.push_back(witness.key);
    }
    return place;
}

namespace {

struct SealOptions {
    std::string config, directory, verified, range;
    std::vector<std::string> keys, seen, bundles;
    bool json = false;
    bool cosigned = false;
    bool bodies = false;
};

void write_checkpoint(json::Writer& writer, std::string_view name, const tlog::SignedCheckpoint& one) {
    writer.begin_object(name);
    writer.member("origin", one.checkpoint.origin);
    writer.member("size", one.checkpoint.size);
    writer.member("root", tlog::hash_text(one.checkpoint.root));
    writer.end_object();
}

using Bodies = std::optional<BodiesVerified>;

void print_json(const ledger::Verified& found, const Sealed& sealed, const Bodies& bodies) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("ok", found.ok());
    writer.member("entries", found.entries);
    writer.member("read", found.read);
    if (found.checkpoint) write_checkpoint(writer, "checkpoint", *found.checkpoint);
    if (found.cosigned) write_checkpoint(writer, "cosigned", *found.cosigned);
    writer.begin_array("witnesses");
    for (const std::string& name : found.witnesses) writer.element(name);
    writer.end_array();
    if (sealed.asks()) {
        writer.begin_array("sealed");
        for (const Sealed::Line& one : sealed.lines()) {
            writer.begin_object();
            writer.member("class", one.cls);
            writer.member("cosignatures", static_cast<std::uint64_t>(one.cosignatures));
            writer.member("entries", one.entries);
            writer.end_object();
        }
        writer.end_array();
    }
    if (bodies) {
        writer.begin_object("bodies");
        writer.member("whole", bodies->whole);
        writer.member("bytes", bodies->bytes);
        writer.member("erased", bodies->erased);
        writer.member("not_kept", bodies->not_kept);
        writer.member("lost", bodies->lost);
        writer.end_object();
    }
    write_problems(writer, found.problems);
    if (!found.torn.empty()) writer.member("torn", found.torn);
    if (!found.other_files.empty()) {
        writer.begin_array("other_files");
        for (const std::string& name : found.other_files) writer.element(name);
        writer.end_array();
    }
    writer.member("problems_left_out", found.problems_left_out);
    writer.end_object();
    fmt::print("{}\n", out);
}

void print(const ledger::Verified& found, const Sealed& sealed, const Bodies& bodies, bool is_range) {
    for (const ledger::Problem& one : found.problems)
        fmt::print("{} {}\n", ink(Ink::red, column(one.kind, 11)), printable(one.sentence));
    if (found.problems_left_out > 0) fmt::print("and {} more\n", found.problems_left_out);
    const std::uint64_t size = found.checkpoint ? found.checkpoint->checkpoint.size : 0;
    if (found.ok() && is_range)
        fmt::print("{} {} entries are what was signed, in a ledger of {}; nothing is said of others\n",
                   ink(Ink::green, "whole"), found.read, size);
    else if (found.ok())
        fmt::print("{} {} entries are what was signed ({} read); witnesses: {}\n", ink(Ink::green, "whole"), size,
                   found.read,
                   found.witnesses.empty() ? "none"
                                           : fmt::format("{} at {} entries", fmt::join(found.witnesses, ", "),
                                                         found.cosigned ? found.cosigned->checkpoint.size : size));
    if (bodies)
        fmt::print(
            "{} {} are as recorded ({} bytes); {} were erased or past their time, {} not to be kept, {} lost when "
            "they were recorded\n",
            column("bodies", 11), bodies->whole, bodies->bytes, bodies->erased, bodies->not_kept, bodies->lost);
    for (const Sealed::Line& one : sealed.lines())
        fmt::print("{} {}: the first {} entries, by {} witnesses or more\n", column("sealed", 11), one.cls, one.entries,
                   one.cosignatures);
    if (!found.torn.empty()) fmt::print("{} {}\n", ink(Ink::yellow, column("torn", 11)), printable(found.torn));
    for (const std::string& name : found.other_files)
        fmt::print("{} {} is no file of a ledger; nothing is read from it\n", ink(Ink::yellow, column("other", 11)),
                   printable(name));
    if (!is_range && found.entries > size)
        fmt::print("{}\n", ink(Ink::dim, fmt::format("{} newer ones are in no checkpoint yet", found.entries - size)));
}

void print_json(const ledger::BundleVerdict& verdict, const std::string& file, bool is_trusted) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("bundle", file);
    writer.member("ok", verdict.ok());
    if (!verdict.ok()) {
        writer.member("problem", verdict.problem);
        writer.member("part", verdict.part);
        writer.member("sentence", verdict.sentence);
    } else {
        const auto list = [&](std::string_view name, const auto& values, auto of) {
            writer.begin_array(name);
            for (const auto& value : values) writer.element(of(value));
            writer.end_array();
        };
        const auto numbers = [&](std::string_view name, std::span<const std::uint64_t> values) {
            writer.begin_array(name);
            for (const std::uint64_t value : values) writer.element_raw(std::to_string(value));
            writer.end_array();
        };
        writer.member("origin", verdict.origin);
        writer.member("size", verdict.size);
        numbers("entries", verdict.entries);
        numbers("earlier", verdict.earlier);
        list("witnesses", verdict.witnesses, [](std::string_view name) { return name; });
        list("keys", verdict.keys, [](const crypto::NoteVerifier& one) { return one.text(); });
        writer.member("keys_trusted", is_trusted);
        list("unproven", ledger::unproven_parts, [](std::string_view name) { return name; });
    }
    writer.end_object();
    fmt::print("{}\n", out);
}

// The same words as the verifier that a bundle brings along.
void print(const ledger::BundleVerdict& verdict, bool is_trusted) {
    if (!verdict.ok()) {
        fmt::print("{} ({}): {}\n", ink(Ink::red, "DOES NOT HOLD"), verdict.problem, printable(verdict.sentence));
        return;
    }
    fmt::print("{}: {} entries of {}, which had {} at this checkpoint.\n", ink(Ink::green, "All holds"),
               verdict.entries.size(), printable(verdict.origin), verdict.size);
    for (const std::uint64_t size : verdict.earlier) fmt::print("The log of {} entries is its beginning.\n", size);
    fmt::print("The page (page.html) and the script (verify.py) in the bundle are not part of what is proven.\n");
    fmt::print("Witnesses: {}\nKeys {}:\n",
               verdict.witnesses.empty() ? "none" : printable(fmt::format("{}", fmt::join(verdict.witnesses, ", "))),
               is_trusted ? "that you passed" : "of the bundle itself; compare them with what you know");
    for (const crypto::NoteVerifier& key : verdict.keys) fmt::print("  {}\n", printable(key.text()));
}

int verify_bundles(const SealOptions& options) {
    std::vector<crypto::NoteVerifier> trusted;
    for (const std::string& key : options.keys)
        if (auto added = add_keys(key, trusted); !added) return complain(added.error());
    bool all_hold = true;
    for (const std::string& file : options.bundles) {
        const auto bundle = read_file(file, 2 * limits::bundle_bytes_max);
        if (!bundle) return complain(bundle.error());
        const ledger::BundleVerdict verdict = ledger::verify_bundle(*bundle, trusted);
        if (options.json)
            print_json(verdict, file, !trusted.empty());
        else
            print(verdict, !trusted.empty());
        all_hold = all_hold && verdict.ok();
    }
    return all_hold ? done : found_something;
}

// "FROM..TO" or one index.
std::optional<std::pair<std::uint64_t, std::uint64_t>> range_of(std::string_view text) {
    const std::size_t dots = text.find("..");
    const auto first = tlog::read_decimal(text.substr(0, dots));
    const auto last = dots == std::string_view::npos ? first : tlog::read_decimal(text.substr(dots + 2));
    if (!first || !last || *first > *last || *last == UINT64_MAX) return std::nullopt;
    return std::pair(*first, *last);
}

// What the installation knows besides the ledger's own files: how far it had been signed. Read before they are, which go on meanwhile.
using Noted = std::optional<store::NotedLedger>;
Result<Noted> noted_of(const gateway::Config& config, const crypto::NoteVerifier& log) {
    const auto installation = identity::Installation::open(config.data, identity::Tenancy::visitor, config.ledger.key);
    if (!installation) return std::unexpected(installation.error());
    std::error_code code;
    if (!std::filesystem::exists(installation->state_file(), code))
        return fail(ErrorKind::unavailable,
                    installation->state_file().string() +
                        " is not there, so nothing says how far the ledger had been signed; put it back from a backup");
    auto state = store::State::open(installation->state_file());
    if (!state) return std::unexpected(state.error());
    return (*state)->noted_ledger(log.name());
}

void compare(const store::NotedLedger& noted, const std::filesystem::path& directory, ledger::Verified& found) {
    const std::string known =
        fmt::format("{} entries had been signed by {} (state.db)", noted.entries, rfc3339(noted.at_ms));
    if (noted.entries > found.entries) {
        found.problems.push_back({"missing", found.entries, noted.entries - 1, "the ledger was cut back: " + known});
        return;
    }
    ledger::TreeReader tree(directory);
    const auto root = tlog::root_of(noted.entries, tree.hashes());
    if (found.ok() && (!root || crypto::bytes(*root) != noted.root))
        found.problems.push_back(
            {"seen", {}, {}, "the ledger was made anew: its beginning is another one than when " + known});
}

Result<Bodies> look_at_bodies(const gateway::Config& config, std::uint64_t first, std::uint64_t end,
                              ledger::Verified& found) {
    const auto installation = identity::Installation::open(config.data, identity::Tenancy::visitor, config.ledger.key);
    if (!installation) return std::unexpected(installation.error());
    auto state = store::State::open(installation->state_file());
    if (!state) return std::unexpected(state.error());
    auto bodies = verify_bodies(*installation, **state, first, end);
    if (!bodies) return std::unexpected(bodies.error());
    for (ledger::Problem& one : bodies->problems)
        if (found.problems.size() < limits::problems_told_max)
            found.problems.push_back(std::move(one));
        else
            ++found.problems_left_out;
    return Bodies(std::move(*bodies));
}

int verify(const SealOptions& options) {
    if (!options.bundles.empty()) {
        if (options.directory.empty() && options.seen.empty() && options.verified.empty() && options.range.empty() &&
            !options.bodies)
            return verify_bundles(options);
        [[maybe_unused]] const int told =
            complain("a bundle is verified by itself: of the options only --key and --json go with it");
        return wrong_use;
    }
    int exit_code = done;
    const auto range = options.range.empty() ? std::nullopt : range_of(options.range);
    if (range && (!options.verified.empty() || !options.seen.empty())) {
        [[maybe_unused]] const int told =
            complain("--entries looks at some entries alone: it does not go with --since and --seen");
        return wrong_use;
    }
    if (options.bodies && !options.directory.empty()) {
        [[maybe_unused]] const int told =
            complain("--bodies reads the installation's own bodies: it does not go with --ledger");
        return wrong_use;
    }
    auto place = open_place(options.config, options.directory, options.keys, exit_code);
    if (!place) return exit_code;
    ledger::VerifyOptions asked{.directory = place->directory, .keys = std::move(place->keys), .seen = {}};
    for (const std::string& file : options.seen) {
        auto one = checkpoint_in(file);
        if (!one) return complain(one.error());
        asked.seen.push_back(std::move(*one));
    }
    if (!options.verified.empty()) {
        auto one = checkpoint_in(options.verified);
        if (!one) return complain(one.error());
        asked.verified = std::move(*one);
    }
    Progress progress("entries");
    asked.progress = [&](std::uint64_t entries) { progress.tell(entries); };
    const auto noted =
        place->config && !range ? noted_of(*place->config, place->own_keys.back()) : Result<Noted>(Noted());
    if (!noted) return complain(noted.error());
    auto found = range ? ledger::verify_range(asked, range->first, range->second) : ledger::verify(asked);
    if (!found) return complain(found.error());
    if (*noted) compare(**noted, place->directory, *found);
    Bodies bodies;
    if (options.bodies) {
        const std::uint64_t from = asked.verified ? asked.verified->checkpoint.size : 0;
        auto looked = look_at_bodies(*place->config, range ? range->first : from,
                                     range ? range->second + 1 : found->entries, *found);
        if (!looked) return complain(looked.error());
        bodies = std::move(*looked);
    }
    const bool seals = place->config && !range;
    const Sealed sealed = seals ? Sealed::open(*place->config, place->directory, place->own_keys) : Sealed();
    if (options.json)
        print_json(*found, sealed, bodies);
    else
        print(*found, sealed, bodies, range.has_value());
    return found->ok() ? done : found_something;
}

// The newest, with the cosignatures that it has; or the newest that witnesses cosigned.
int checkpoint(const SealOptions& options) {
    int exit_code = done;
    const auto place = open_place(options.config, options.directory, options.keys, exit_code);
    if (!place) return exit_code;
    const auto newest = ledger::read_checkpoint(ledger::checkpoint_path(place->directory));
    if (!newest) return complain(newest.error());
    const auto cosigned = ledger::read_checkpoint(ledger::cosigned_path(place->directory));
    if (!cosigned) return complain(cosigned.error());
    if (!*newest) return complain("the ledger in " + place->directory.string() + " has no checkpoint yet");
    if (options.cosigned && !*cosigned)
        return complain("no checkpoint of the ledger in " + place->directory.string() +
                        " was cosigned by enough witnesses yet; ledger: witnesses: in sallyport.yaml names them");
    const crypto::Note& note = (*newest)->signed_checkpoint.note;
    const bool is_the_same = *cosigned && (*cosigned)->signed_checkpoint.note.text == note.text;
    fmt::print("{}", crypto::encode(options.cosigned || is_the_same ? (*cosigned)->signed_checkpoint.note : note));
    return done;
}

} // namespace

void add_ledger_verify(Command& group, int& exit_code) {
    static SealOptions options;
    const auto command = [&](const char* name, const char* what) {
        Command made = group.command(name, what);
        add_config_option(made, options.config);
        return made;
    };
    Command verify_command = command("verify", "Is the ledger what was recorded? Names what is not");
    verify_command.option("bundles", options.bundles, "Bundles to be verified instead (tar files)");
    verify_command.option("--ledger", options.directory,
                          "The ledger in this folder, wherever it came from; needs --key");
    verify_command
        .option("--key", options.keys,
                "The log's or a witness's verifier key, or a file of them; else the installation's own")
        .one_each();
    verify_command
        .option("--seen", options.seen,
                "A file with a checkpoint that was kept elsewhere: the ledger must begin with it")
        .one_each();
    verify_command.option("--since", options.verified,
                          "A file with the checkpoint of the last verification: only what is newer is read");
    verify_command
        .option("--entries", options.range,
                "Only these, as FROM..TO or one index: each by its proof to the signed checkpoint")
        .check([](const std::string& text) {
            return range_of(text) ? std::string() : std::string("it is a range such as 1200..1300, or one index");
        });
    verify_command.flag("--bodies", options.bodies,
                        "Read each body that was kept, too, and compare it with its entry; nothing of it is shown");
    verify_command.flag("--json", options.json, "Print an object");
    verify_command.footer("Examples:\n  sallyport ledger checkpoint > monday.checkpoint     # give it to your auditor\n"
                          "  sallyport ledger verify --seen monday.checkpoint\n"
                          "  sallyport ledger verify --entries 1200..1300\n"
                          "  sallyport ledger verify --key sallyport/k3f9x2ab+1c2d3e4f+AQ… case-17.tar\n"
                          "Exit code 1: something does not hold.\n");
    verify_command.run([&exit_code] { exit_code = verify(options); });

    Command checkpoint_command = command("checkpoint", "The signed checkpoint of now, to be kept elsewhere");
    checkpoint_command.flag("--cosigned", options.cosigned,
                            "The newest that enough witnesses cosigned, with their signatures");
    checkpoint_command.run([&exit_code] { exit_code = checkpoint(options); });
}

} // namespace sallyport::cli
