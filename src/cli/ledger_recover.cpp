// sallyport ledger key | recover: the key that signs the ledger, and a new epoch of it where the old one cannot go on.
#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "cli/ledger_commands.h"
#include "cli/ledger_epoch.h"
#include "cli/terminal.h"
#include "crypto/crypto.h"
#include "ledger/checkpoint_file.h"
#include "ledger/recover.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

struct RecoverOptions {
    std::string config, directory, why, by;
    std::vector<std::string> keys;
    bool rotate = false;
};

// The installation alone: no gateway may run meanwhile.
struct Alone {
    identity::Installation installation;
    std::unique_ptr<store::State> state;
};
std::optional<Alone> open_alone(const RecoverOptions& options, int& exit_code) {
    const auto config = open_config(options.config, true, exit_code); // a command that gives the key may need some
    if (!config) return std::nullopt;
    auto installation = identity::Installation::open(config->data, identity::Tenancy::gateway, config->ledger.key);
    if (!installation) {
        exit_code = complain(installation.error());
        return std::nullopt;
    }
    auto state = store::State::open(installation->state_file());
    if (!state) {
        exit_code = complain(state.error());
        return std::nullopt;
    }
    return Alone{std::move(*installation), std::move(*state)};
}

Result<void> record(Alone& alone, std::string_view what, const RecoverOptions& options, const std::string& about) {
    const identity::Pseudonyms pseudonyms(alone.installation.keys());
    const std::string by = options.by.empty() ? operator_name() : options.by;
    return alone.state->add_act({"a_" + to_hex(crypto::random_bytes(10)), std::string(what),
                                 std::string(pseudonyms.of(identity::NameKind::person, by).view()), options.why, about,
                                 wall_ms()});
}

int show_keys(const RecoverOptions& options) {
    int exit_code = done;
    const auto place = open_place(options.config, options.directory, options.keys, exit_code);
    if (!place) return exit_code;
    for (const auto& one : place->keys) fmt::print("{}\n", one.text());
    return done;
}

// Where the new key cannot be put to where it is read from.
void tell_where(const std::filesystem::path& file) {
    if (file.extension() != ".next") return;
    fmt::print(
        stderr,
        "The key is in {}: bring it to where the command of sallyport.yaml (ledger: key) finds it before the next "
        "start, then remove the file.\n",
        printable(file.string()));
}

// A checkpoint that both keys signed says to whoever knows the old one that the new one goes on for it.
int rotate(const RecoverOptions& options) {
    int exit_code = done;
    auto alone = open_alone(options, exit_code);
    if (!alone) return exit_code;
    const auto& directory = alone->installation.ledger_directory();
    const auto stored = ledger::read_checkpoint(ledger::checkpoint_path(directory));
    if (!stored) return complain(stored.error());
    const std::string before = alone->installation.ledger_signer()->verifier().text();
    const auto fresh = crypto::NoteSigner::generate(alone->installation.ledger_signer()->verifier().name());
    if (!fresh) return complain(fresh.error());
    if (*stored) {
        tlog::SignedCheckpoint both = (*stored)->signed_checkpoint;
        crypto::sign(both.note, *fresh);
        const auto file = directory / fmt::format("rotation-{}.checkpoint", both.checkpoint.size);
        if (auto written = replace_file(file, crypto::encode(both.note), 0600); !written)
            return complain(written.error());
        auto checkpoints =
            ledger::CheckpointWriter::open(ledger::checkpoint_path(directory), ledger::FileOperations::real(), both);
        if (!checkpoints) return complain(checkpoints.error());
        if (!checkpoints->write(both)) return complain("cannot write " + ledger::checkpoint_path(directory).string());
    }
    if (auto recorded = record(*alone, "rotate-key", options,
                               fmt::format("{} is to be followed by {}", before, fresh->verifier().text()));
        !recorded)
        return complain(recorded.error());
    const auto taken = alone->installation.take_ledger_signer(*fresh);
    if (!taken) return complain(taken.error());
    tell_where(*taken);
    fmt::print("{}\n", fresh->verifier().text());
    fmt::print(stderr,
               "The ledger is signed with this key from the next start on. Checkpoints before bear the old one; {} "
               "bears both.\n",
               *stored ? fmt::format("ledger/rotation-{}.checkpoint", (*stored)->signed_checkpoint.checkpoint.size)
                       : "none");
    return done;
}

int recover(const RecoverOptions& options) {
    int exit_code = done;
    auto alone = open_alone(options, exit_code);
    if (!alone) return exit_code;
    const std::string old_origin = alone->installation.ledger_signer()->verifier().name();
    const std::string origin = alone->installation.next_epoch();
    const auto fresh = crypto::NoteSigner::generate(origin);
    if (!fresh) return complain(fresh.error());
    const auto noted = alone->state->noted_ledgers();
    if (!noted) return complain(noted.error());
    const auto aside = ledger::set_aside(alone->installation.ledger_directory(), alone->installation.origin(),
                                         "epoch-" + to_hex(crypto::random_bytes(4)));
    if (!aside) return complain(aside.error());
    const std::string about = epoch_text(
        {old_origin, aside->before ? &aside->before->checkpoint : nullptr, *noted, true}, origin, aside->kept);
    if (auto recorded = record(*alone, "recover", options, about); !recorded) return complain(recorded.error());
    const auto taken = alone->installation.take_ledger_signer(*fresh);
    if (!taken) return complain(taken.error());
    tell_where(*taken);
    fmt::print("{}\n", printable(about));
    for (const auto& file : aside->files) fmt::print("  set aside: {}\n", printable(file.string()));
    fmt::print("The next start begins the epoch and records this. Its key, for auditors and witnesses:\n{}\n",
               fresh->verifier().text());
    return done;
}

} // namespace

void add_ledger_recover(Command& group, int& exit_code) {
    static RecoverOptions options;
    Command key_command = group.command("key", "The verifier keys of the ledger, the present one last");
    add_config_option(key_command, options.config);
    const Option reason = add_reason_option(key_command, options.why, "Why it is changed; it is recorded");
    const Option rotate_flag =
        key_command
            .flag("--rotate", options.rotate, "Sign with a new key from the next start on; the gateway must be stopped")
            .needs(reason);
    key_command.option("--by", options.by, "Who does it; else who is at the keyboard").needs(rotate_flag);
    key_command.run([&exit_code] { exit_code = options.rotate ? rotate(options) : show_keys(options); });

    Command recover_command =
        group.command("recover", "Begin a new epoch of a ledger that was cut short or damaged and has no backup");
    add_config_option(recover_command, options.config);
    add_reason_option(recover_command, options.why, "Why; it is recorded").required();
    recover_command.option("--by", options.by, "Who does it; else who is at the keyboard");
    recover_command.footer(
        "What is whole is kept, what is not is set aside. The ledger gets a new name and key, so that nobody "
        "takes it for the old one; which entries are lost is its next entry.\nExample:\n  sallyport ledger "
        "recover --reason 'disk failed on 3 March, last backup from 2 March'\n");
    recover_command.run([&exit_code] { exit_code = recover(options); });
}

} // namespace sallyport::cli
