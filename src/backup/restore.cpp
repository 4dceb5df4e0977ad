#include "backup/restore.h"

#include "base/file.h"
#include "handover/cursor.h"
#include "identity/private_files.h"
#include "identity/swap.h"
#include "tlog/lines.h"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>

namespace sallyport::backup {

namespace {
namespace fs = std::filesystem;

Result<void> make_folder(const fs::path& folder) {
    if (::mkdir(folder.c_str(), identity::private_directory) != 0 && errno != EEXIST)
        return fail_errno("cannot create " + folder.string());
    return {};
}

std::uint64_t number_in(const fs::path& file) {
    const auto text = read_file(file, 32);
    if (!text) return 0;
    std::string_view line = *text;
    while (line.ends_with('\n')) line.remove_suffix(1);
    return tlog::read_decimal(line).value_or(0);
}

Result<void> add_keys_of(const fs::path& file, std::vector<crypto::NoteVerifier>& keys) {
    const auto text = read_file(file, 1u << 20);
    if (!text) return std::unexpected(text.error());
    std::string_view rest = *text;
    while (const auto line = tlog::take_line(rest)) {
        auto key = crypto::NoteVerifier::parse(*line);
        if (!key) return fail(ErrorKind::invalid, file.string() + ": " + key.error().message);
        if (std::ranges::none_of(keys, [&](const auto& one) { return one.text() == key->text(); }))
            keys.push_back(std::move(*key));
    }
    return {};
}
} // namespace

Result<void> prepare_files(const fs::path& backup, const Manifest& manifest, const fs::path& data) {
    const fs::path prepared = identity::prepared_directory(data);
    std::error_code code;
    fs::remove_all(prepared, code);
    for (const char* folder : {"", "ledger", "bodies", "policies", "handover"})
        if (auto made = make_folder(prepared / folder); !made) return made;
    for (const BackupFile& file : manifest.files) {
        const fs::path to = prepared / file.path;
        fs::create_directories(to.parent_path(), code);
        const auto copied = ledger::copy_synced(backup / file.path, to);
        if (!copied) return std::unexpected(copied.error());
        if (*copied != file.content)
            return fail(ErrorKind::invalid,
                        (backup / file.path).string() + " changed while it was restored; nothing was touched");
    }
    return {};
}

Result<void> prepare_policies_and_cursors(const Manifest& manifest, const fs::path& data) {
    const fs::path prepared = identity::prepared_directory(data), here = data / "policies";
    std::error_code code;
    if (fs::exists(here, code)) {
        for (fs::recursive_directory_iterator it(here, code), end; !code && it != end; it.increment(code)) {
            const fs::path to = prepared / "policies" / it->path().lexically_relative(here);
            if (it->is_directory(code))
                fs::create_directory(to, code);
            else if (it->is_regular_file(code) && !fs::exists(to, code))
                if (const auto copied = ledger::copy_synced(it->path(), to); !copied)
                    return std::unexpected(copied.error());
        }
        if (code) return fail(ErrorKind::io, "cannot copy " + here.string() + ": " + code.message());
        if (number_in(here / "version") > number_in(prepared / "policies" / "version"))
            if (auto kept = replace_file(prepared / "policies" / "version",
                                         std::to_string(number_in(here / "version")) + "\n", 0600);
                !kept)
                return kept;
    }
    for (const auto& item : fs::directory_iterator(prepared / "handover", code)) {
        const auto cursor = handover::read_cursor(item.path());
        if (!cursor) return std::unexpected(cursor.error());
        if (!*cursor || (*cursor)->next <= manifest.checkpoint.size) continue;
        handover::Cursor last = **cursor;
        last.next = manifest.checkpoint.size;
        last.from = std::min(last.from, last.next);
        if (auto written = handover::write_cursor(item.path(), last); !written) return written;
    }
    return {};
}

Result<void> carry_over(store::State& present, store::State& prepared, const Manifest& manifest) {
    constexpr std::int64_t clock_slack_ms = 60'000;
    const auto keys = present.keys(), restored = prepared.keys();
    if (!keys) return std::unexpected(keys.error());
    if (!restored) return std::unexpected(restored.error());
    for (const store::KeyRecord& key : *keys->value)
        if (key.revoked_ms != 0 &&
            std::ranges::find(*restored->value, key.id, &store::KeyRecord::id) != restored->value->end())
            if (auto revoked = prepared.revoke_key(key.id, key.revoked_ms); !revoked)
                return std::unexpected(revoked.error());
    const auto exceptions = present.exceptions(), old_exceptions = prepared.exceptions();
    if (!exceptions) return std::unexpected(exceptions.error());
    if (!old_exceptions) return std::unexpected(old_exceptions.error());
    for (const store::ExceptionRecord& one : *exceptions)
        if (one.revoked_ms != 0 &&
            std::ranges::find(*old_exceptions, one.id, &store::ExceptionRecord::id) != old_exceptions->end())
            if (auto revoked = prepared.revoke_exception(one.id, one.revoked_ms); !revoked)
                return std::unexpected(revoked.error());
    const auto disputes = present.disputes(), old_disputes = prepared.disputes();
    if (!disputes) return std::unexpected(disputes.error());
    if (!old_disputes) return std::unexpected(old_disputes.error());
    for (const store::DisputeRecord& one : *old_disputes) {
        const bool stands = std::ranges::any_of(*disputes, [&](const store::DisputeRecord& other) {
            return other.finding == one.finding && other.withdrawn_ms == 0;
        });
        if (one.withdrawn_ms == 0 && !stands)
            if (auto withdrawn = prepared.withdraw_dispute(one.finding, manifest.at_ms); !withdrawn)
                return std::unexpected(withdrawn.error());
    }
    const auto acts = present.acts_since(manifest.at_ms - clock_slack_ms);
    if (!acts) return std::unexpected(acts.error());
    for (const store::ActRecord& act : *acts)
        if (auto added = prepared.add_act(act); !added) return added;
    return {};
}

Result<std::optional<Epoch>> prepare_keys(const identity::Installation& installation, bool begins_epoch,
                                          const std::string& mark) {
    const fs::path prepared = identity::prepared_directory(installation.directory());
    std::vector<crypto::NoteVerifier> keys;
    if (auto added = add_keys_of(prepared / "ledger-keys", keys); !added) return std::unexpected(added.error());
    const std::string present = installation.ledger_signer()->verifier().text();
    for (const crypto::NoteVerifier& key : installation.ledger_keys())
        if (std::ranges::none_of(keys, [&](const auto& one) { return one.text() == key.text(); })) keys.push_back(key);
    std::optional<Epoch> epoch;
    if (begins_epoch) {
        if (!installation.keeps_its_key())
            return fail(ErrorKind::refused, "this restore begins a new epoch with a new key, but the ledger's key "
                                            "comes from elsewhere (ledger: key "
                                            "in sallyport.yaml); take that section out, restore, and put what " +
                                                (installation.directory() / "ledger.key").string() +
                                                " holds then into the key's place");
        auto fresh = crypto::NoteSigner::generate(identity::next_epoch(installation.origin(), keys));
        if (!fresh) return std::unexpected(fresh.error());
        auto aside = ledger::set_aside(prepared / "ledger", installation.origin(), mark);
        if (!aside) return std::unexpected(aside.error());
        keys.push_back(fresh->verifier());
        if (auto written = identity::write_ledger_signer(prepared, *fresh); !written)
            return std::unexpected(written.error());
        epoch = Epoch{std::move(*aside), std::make_shared<const crypto::NoteSigner>(std::move(*fresh))};
    } else { // the present key is the last line
        const auto last = std::ranges::find(keys, present, &crypto::NoteVerifier::text);
        std::rotate(last, last + 1, keys.end());
    }
    std::string text;
    for (const crypto::NoteVerifier& key : keys) text += key.text() + "\n";
    if (auto written = replace_file(prepared / "ledger-keys", text, identity::private_file); !written)
        return std::unexpected(written.error());
    return epoch;
}

Result<void> sync_prepared(const fs::path& data) {
    const fs::path prepared = identity::prepared_directory(data);
    std::error_code code;
    for (const char* name : {"names.db", "names.db-wal", "names.db-shm"}) fs::remove(prepared / name, code);
    if (fs::exists(prepared / "state.db-wal", code))
        return fail(ErrorKind::io,
                    (prepared / "state.db").string() + " could not be written whole; nothing was touched");
    for (fs::recursive_directory_iterator it(prepared, code), end; !code && it != end; it.increment(code))
        if (it->is_directory(code))
            if (auto synced = ledger::sync_folder(it->path()); !synced) return synced;
    if (code) return fail(ErrorKind::io, "cannot list " + prepared.string() + ": " + code.message());
    return ledger::sync_folder(prepared);
}

} // namespace sallyport::backup
