// sallyport ledger restore: a backup takes the place of the data, whole or not at all.
#include "backup/restore.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "cli/ledger_commands.h"
#include "cli/ledger_epoch.h"
#include "cli/terminal.h"
#include "crypto/crypto.h"
#include "identity/private_files.h"
#include "identity/swap.h"
#include "ledger/checkpoint_file.h"
#include "ledger/segment.h"
#include "store/state.h"

#include <fmt/format.h>

#include <sys/file.h>
#include <unistd.h>

namespace sallyport::cli {

namespace {
namespace fs = std::filesystem;

struct RestoreOptions {
    std::string config, backup, why, by;
    std::vector<std::string> keys, seen;
    bool replace = false;
};

// The newest that is known of the ledger, other than what the backup says.
struct Present {
    std::optional<tlog::Checkpoint> newest; // signed by a key that is known
    std::uint64_t entries = 0;              // that are here, signed or not
    std::vector<store::NotedLedger> noted;  // that had been signed, by what state.db noted
    bool is_there = false;
};

// What must be there before anything is read: the keys, which are in no backup, and no gateway that writes.
Result<void> look_at_data(const fs::path& data) {
    std::error_code code;
    if (!fs::exists(data / "installation.key", code))
        return fail(ErrorKind::invalid, (data / "installation.key").string() +
                                            " is not there, and it is in no data backup; put it, ledger.key, "
                                            "body-keys.db and names.db there from the backup of the keys (modes 0700 "
                                            "and 0600), then restore");
    const auto lock = identity::lock_file(data / "lock", LOCK_EX | LOCK_NB, "gateway");
    if (!lock) return std::unexpected(lock.error());
    ::close(*lock);
    return {};
}

// Those whose signatures count: of --key, and of the files of the installation's own.
Result<std::vector<crypto::NoteVerifier>> trusted_keys(const RestoreOptions& options, const fs::path& data) {
    std::vector<crypto::NoteVerifier> keys;
    for (const std::string& key : options.keys)
        if (auto added = add_keys(key, keys); !added) return std::unexpected(added.error());
    std::error_code code;
    if (fs::exists(data / "ledger-keys", code))
        if (auto added = add_keys((data / "ledger-keys").string(), keys); !added) return std::unexpected(added.error());
    if (fs::exists(data / "ledger.key", code)) {
        auto text = read_file(data / "ledger.key", 4'096);
        if (!text) return std::unexpected(text.error());
        const auto signer = crypto::NoteSigner::parse(Secret(std::move(*text)));
        if (!signer) return fail(ErrorKind::invalid, (data / "ledger.key").string() + ": " + signer.error().message);
        keys.push_back(signer->verifier());
    }
    if (keys.empty())
        return fail(ErrorKind::invalid, "whose signature a backup must have is not known here: there is neither "
                                        "ledger.key nor ledger-keys; name the key with --key");
    return keys;
}

Present look_at_ledger(const fs::path& ledger, std::span<const crypto::NoteVerifier> keys) {
    Present out;
    if (const auto stored = ledger::read_checkpoint(ledger::checkpoint_path(ledger)); stored && *stored)
        if (tlog::check_signatures((*stored)->signed_checkpoint, keys))
            out.newest = (*stored)->signed_checkpoint.checkpoint;
    const auto segments = ledger::list_segments(ledger);
    out.is_there = out.newest.has_value() || (segments && !segments->empty());
    if (!segments || segments->empty()) return out;
    out.entries = segments->back().first_index;
    if (const auto last = ledger::load_segment(segments->back()))
        if (const auto end = ledger::find_end(*last, segments->back().path.string())) out.entries = end->next_index;
    return out;
}

// Checkpoints of --seen count as what is here.
Result<void> look_at_seen(const RestoreOptions& options, std::span<const crypto::NoteVerifier> keys, Present& present) {
    for (const std::string& file : options.seen) {
        const auto one = checkpoint_in(file);
        if (!one) return std::unexpected(one.error());
        if (auto is_signed = tlog::check_signatures(*one, keys); !is_signed)
            return fail(ErrorKind::refused, printable(file) + ": " + is_signed.error().message);
        if (!present.newest || one->checkpoint.size > present.newest->size) present.newest = one->checkpoint;
    }
    return {};
}

// state.db says more than a ledger that was cut back, or begun anew.
Result<void> look_at_notes(const fs::path& data, Present& present) {
    std::error_code code;
    if (!fs::exists(data / "state.db", code)) return {};
    auto state = store::State::open(data / "state.db");
    if (!state) return {}; // told at the end: what it held is not carried over
    auto noted = (*state)->noted_ledgers();
    if (!noted) return std::unexpected(noted.error());
    present.noted = std::move(*noted);
    present.is_there =
        present.is_there || std::ranges::any_of(present.noted, [](const auto& one) { return one.entries > 0; });
    return {};
}

std::string lost_text(const Present& present, const tlog::Checkpoint& backup) {
    std::uint64_t entries = 0; // of the backup's log
    if (!present.newest || present.newest->origin == backup.origin)
        entries = std::max(present.entries, present.newest ? present.newest->size : 0);
    std::vector<store::NotedLedger> later; // epochs
    for (const store::NotedLedger& one : present.noted)
        if (one.name == backup.origin)
            entries = std::max(entries, one.entries);
        else
            later.push_back(one);
    std::string out;
    if (entries > backup.size)
        out = fmt::format("entries {} to {}, which are not in the backup, would be lost", backup.size, entries - 1);
    const std::string lost = lost_by_note(later, backup.origin, backup.size);
    if (!lost.empty()) return out + lost.substr(out.empty() ? 2 : 0);
    if (present.newest && present.newest->origin != backup.origin)
        return fmt::format("it is {} by now, with {} entries, and the backup is of {}: what is not in it would be lost",
                           present.newest->origin, std::max(present.entries, present.newest->size), backup.origin);
    return out.empty() ? "nothing of it is newer than the backup" : out;
}

Result<void> record(store::State& state, const identity::Installation& installation, const RestoreOptions& options,
                    const std::string& about) {
    const identity::Pseudonyms pseudonyms(installation.keys());
    const std::string by = options.by.empty() ? operator_name() : options.by;
    return state.add_act({"a_" + to_hex(crypto::random_bytes(10)), "restore",
                          std::string(pseudonyms.of(identity::NameKind::person, by).view()), options.why, about,
                          wall_ms()});
}

struct Prepared {
    std::string about;
    std::shared_ptr<const crypto::NoteSigner> signer; // of a new epoch
    std::string warning;
};

// Everything that comes, beside the data; nothing of the data changes.
Result<Prepared> prepare(const RestoreOptions& options, const identity::Installation& installation,
                         const backup::Manifest& manifest, const Present& present, const std::string& mark) {
    const fs::path data = installation.directory();
    if (auto copied = backup::prepare_files(options.backup, manifest, data); !copied)
        return std::unexpected(copied.error());
    if (auto merged = backup::prepare_policies_and_cursors(manifest, data); !merged)
        return std::unexpected(merged.error());
    const tlog::Checkpoint& last = manifest.checkpoint;
    const bool goes_on = present.newest == last && present.entries == last.size &&
                         lost_by_note(present.noted, last.origin, last.size).empty() &&
                         last.origin == installation.ledger_signer()->verifier().name();
    const auto epoch = backup::prepare_keys(installation, !goes_on, "epoch-" + mark);
    if (!epoch) return std::unexpected(epoch.error());
    Prepared out;
    out.about = fmt::format("{} goes on with {} entries, and none is lost", last.origin, last.size);
    if (*epoch) {
        const tlog::Checkpoint& newest = present.newest && present.newest->size > last.size ? *present.newest : last;
        out.signer = (*epoch)->signer;
        out.about = epoch_text({last.origin, &newest, present.noted, false}, out.signer->verifier().name(),
                               (*epoch)->aside.kept);
    }
    auto state = store::State::open(identity::prepared_directory(data) / "state.db");
    if (!state) return std::unexpected(state.error());
    std::error_code code;
    if (fs::exists(installation.state_file(), code)) {
        const auto before = store::State::open(installation.state_file());
        const auto carried =
            before ? backup::carry_over(**before, **state, manifest) : Result<void>(std::unexpected(before.error()));
        if (!carried) out.warning = carried.error().message;
    } else {
        out.warning = installation.state_file().string() + " was not there";
    }
    if (auto told = record(**state, installation, options, out.about); !told) return std::unexpected(told.error());
    state->reset();
    if (auto synced = backup::sync_prepared(data); !synced) return std::unexpected(synced.error());
    return out;
}

void tell(const Prepared& prepared, const identity::Installation& installation, const std::string& mark) {
    const fs::path data = installation.directory();
    fmt::print("{}\n", printable(prepared.about));
    if (prepared.signer)
        fmt::print("The next start begins the epoch and records this. Its key, for auditors and witnesses:\n{}\n",
                   prepared.signer->verifier().text());
    std::error_code code;
    const auto replaced = identity::replaced_directory(data, mark);
    if (fs::exists(replaced, code))
        fmt::print("What was there is in {} now; delete it when it is not needed any more.\n",
                   printable(replaced.string()));
    if (!prepared.warning.empty())
        fmt::print("{} What was revoked or withdrawn since the backup is in force again ({}): look at `sallyport key "
                   "list`, `exception list`, `finding list`.\n",
                   ink(Ink::yellow, "Mind:"), printable(prepared.warning));
    for (const char* name : {"body-keys.db", "names.db"})
        if (!fs::exists(data / name, code))
            fmt::print("{} {} is not there: {} cannot be read until it is put back from the backup of the keys.\n",
                       ink(Ink::yellow, "Mind:"), name, name[0] == 'b' ? "bodies" : "names");
    if (!fs::exists(installation.code_index_directory(), code))
        fmt::print("{} the index of the company's code is in no backup; run `sallyport repo index` again.\n",
                   ink(Ink::yellow, "Mind:"));
}

int restore(const RestoreOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    const fs::path& data = config->data;
    if (auto ready = look_at_data(data); !ready) return complain(ready.error());
    const auto keys = trusted_keys(options, data);
    if (!keys) return complain(keys.error());
    Progress progress("files");
    const auto checked =
        backup::check_backup(options.backup, *keys, [&](std::uint64_t files) { progress.tell(files); });
    if (!checked) return complain(checked.error());
    const backup::Manifest& manifest = checked->manifest;
    Present present = look_at_ledger(data / "ledger", *keys);
    if (auto noted = look_at_notes(data, present); !noted) return complain(noted.error());
    if (auto seen = look_at_seen(options, *keys, present); !seen) return complain(seen.error());
    if (present.is_there && !options.replace)
        return complain(fmt::format("{} has a ledger: {}; --replace puts the backup of {} entries in its place, and "
                                    "what is there aside",
                                    data.string(), lost_text(present, manifest.checkpoint), manifest.checkpoint.size));
    std::error_code code;
    if (!fs::exists(data / "origin", code))
        if (auto written = replace_file(data / "origin", manifest.origin + "\n", identity::private_file); !written)
            return complain(written.error());
    const auto installation = identity::Installation::open(data, identity::Tenancy::gateway);
    if (!installation) return complain(installation.error());
    if (installation->origin() != manifest.origin)
        return complain(fmt::format("the backup is of the installation {}, and {} is that of {}; give each its own "
                                    "data directory",
                                    manifest.origin, data.string(), installation->origin()));
    const std::string mark = to_hex(crypto::random_bytes(4));
    const auto prepared = prepare(options, *installation, manifest, present, mark);
    if (!prepared) {
        fs::remove_all(identity::prepared_directory(data), code);
        return complain(prepared.error());
    }
    if (auto swapped = identity::swap_in(data, mark); !swapped) return complain(swapped.error());
    tell(*prepared, *installation, mark);
    return done;
}

} // namespace

void add_ledger_restore(Command& group, int& exit_code) {
    static RestoreOptions options;
    Command command = group.command("restore", "Put a backup in the place of the data; the gateway must be stopped");
    add_config_option(command, options.config);
    command.option("backup", options.backup, "Its folder").required();
    add_reason_option(command, options.why, "Why; it is recorded").required();
    command.option("--by", options.by, "Who does it; else who is at the keyboard");
    command.flag("--replace", options.replace, "Also where there is a ledger, which is set aside");
    command
        .option("--key", options.keys,
                "The log's verifier key, or a file of them, where neither ledger.key nor ledger-keys is there")
        .one_each();
    command
        .option("--seen", options.seen,
                "A file with a checkpoint that was kept elsewhere: it tells which entries are lost")
        .one_each();
    command.footer(
        "The whole backup is verified before anything is touched, and comes whole or not at all, also where the "
        "machine stops meanwhile. Where entries behind the backup may be lost, the ledger gets a new name and key, and "
        "its next entry says which. What was erased stays erased.\nExample:\n  sallyport ledger restore "
        "/backup/2026-11-27 --reason 'disk failed on 28 November'\n");
    command.run([&exit_code] { exit_code = restore(options); });
}

} // namespace sallyport::cli
