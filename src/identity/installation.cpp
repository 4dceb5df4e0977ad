#include "identity/installation.h"

#include "base/file.h"
#include "base/limits.h"
#include "crypto/crypto.h"
#include "identity/private_files.h"
#include "identity/swap.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace sallyport::identity {

namespace {
constexpr std::size_t key_bytes = 32;
constexpr std::size_t origin_characters = 8;
std::string new_origin() {
    constexpr std::string_view letters = "abcdefghijkmnpqrstuvwxyz23456789"; // 32: none that look alike
    std::string out;
    for (const char c : crypto::random_bytes(origin_characters)) out += letters[static_cast<unsigned char>(c) % 32];
    return out;
}

bool is_origin(std::string_view text) {
    return !text.empty() && text.size() <= 16 &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string_view::npos;
}

bool has_history(const std::filesystem::path& directory) {
    std::error_code ignored;
    if (std::filesystem::exists(directory / "state.db", ignored)) return true;
    const auto ledger = directory / "ledger";
    return std::filesystem::exists(ledger, ignored) && !std::filesystem::is_empty(ledger, ignored);
}

Result<Secret> root_key(const std::filesystem::path& directory, bool& created) {
    const auto file = directory / "installation.key";
    std::error_code error;
    if (!std::filesystem::exists(file, error)) {
        if (has_history(directory))
            return fail(ErrorKind::invalid, file.string() +
                                                " is missing, but there is a ledger or state beside it; put the key "
                                                "back from its own backup: a new one would void every pseudonym");
        const Secret fresh(crypto::random_bytes(key_bytes));
        if (auto written = replace_file(file, fresh.reveal(), private_file); !written)
            return std::unexpected(written.error());
        created = true;
    }
    if (auto closed = require_private(file, private_file); !closed) return std::unexpected(closed.error());
    auto content = read_file(file, key_bytes + 1);
    if (!content || content->size() != key_bytes)
        return fail(ErrorKind::invalid, file.string() +
                                            " does not hold the 32 bytes of an installation key; put it back from "
                                            "its backup");
    return Secret(std::move(*content));
}

Result<std::string> read_origin(const std::filesystem::path& directory) {
    const auto file = directory / "origin";
    std::error_code error;
    if (!std::filesystem::exists(file, error))
        if (auto written = replace_file(file, new_origin() + "\n", private_file); !written)
            return std::unexpected(written.error());
    auto content = read_file(file, 64);
    if (!content) return std::unexpected(content.error());
    if (content->ends_with('\n')) content->pop_back();
    if (!is_origin(*content))
        return fail(ErrorKind::invalid,
                    file.string() + " does not hold a name of 1 to 16 lower-case letters and digits");
    return content;
}

// Lines of the file, parsed; the present key is among them, also where its own line could not be written last time. Null: it is not known.
Result<std::vector<crypto::NoteVerifier>> read_ledger_keys(const std::filesystem::path& directory,
                                                           const crypto::NoteVerifier* present) {
    const auto file = directory / "ledger-keys";
    std::vector<crypto::NoteVerifier> keys;
    std::error_code error;
    std::string text;
    if (std::filesystem::exists(file, error)) {
        auto content = read_file(file, 1u << 20);
        if (!content) return std::unexpected(content.error());
        text = std::move(*content);
    }
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        auto key = crypto::NoteVerifier::parse(std::string_view(text).substr(at, end - at));
        if (!key) return fail(ErrorKind::invalid, file.string() + ": " + key.error().message);
        keys.push_back(std::move(*key));
        at = end + 1;
    }
    if (present == nullptr) return keys;
    if (std::ranges::none_of(keys, [&](const auto& key) { return key.text() == present->text(); })) {
        keys.push_back(*present);
        if (auto written = replace_file(file, text + present->text() + "\n", private_file); !written)
            return std::unexpected(written.error());
    }
    return keys;
}

std::filesystem::path own_key_file(const std::filesystem::path& directory) { return directory / "ledger.key"; }

// "sallyport/<origin>", or of a later epoch "sallyport/<origin>/2".
bool is_of_this_ledger(std::string_view name, const std::string& origin) {
    const std::string own = "sallyport/" + origin;
    return name == own || name.starts_with(own + "/");
}

Result<crypto::NoteSigner> signer_in(const Secret& text, const std::string& where, const std::string& origin) {
    auto signer = crypto::NoteSigner::parse(text);
    if (!signer) return fail(ErrorKind::invalid, where + ": " + signer.error().message);
    if (!is_of_this_ledger(signer->verifier().name(), origin))
        return fail(ErrorKind::refused, where + ": the key is of " + signer->verifier().name() +
                                            ", and this installation's ledger is sallyport/" + origin +
                                            "; give it the key that its ledger.key held");
    return signer;
}

// Its own file, which is made where there is none and nothing was signed yet.
Result<void> make_own_key(const std::filesystem::path& directory, const std::string& origin) {
    const auto file = own_key_file(directory);
    std::error_code error;
    if (std::filesystem::exists(file, error)) return {};
    if (std::filesystem::exists(directory / "ledger" / "checkpoint", error))
        return fail(ErrorKind::invalid, file.string() + " is missing, but the ledger was signed with it; put the key "
                                                        "back from its own backup");
    const auto made = crypto::NoteSigner::generate("sallyport/" + origin);
    if (!made) return std::unexpected(made.error());
    return replace_file(file, std::string(made->text().reveal()) + "\n", private_file);
}

Result<crypto::NoteSigner> open_ledger_signer(const std::filesystem::path& directory, const std::string& origin,
                                              const LedgerKeySource& source) {
    if (source.is_command()) {
        const auto key = key_by_command(source);
        if (!key) return std::unexpected(key.error());
        return signer_in(*key, "what " + source.command.front() + " printed (ledger: key: command)", origin);
    }
    if (source.is_default())
        if (auto made = make_own_key(directory, origin); !made) return std::unexpected(made.error());
    const auto file = source.is_default() ? own_key_file(directory) : source.file;
    if (auto closed = require_private(file, private_file); !closed) return std::unexpected(closed.error());
    auto content = read_file(file, limits::ledger_key_bytes_max);
    if (!content) return std::unexpected(content.error());
    return signer_in(Secret(std::move(*content)), file.string(), origin);
}
} // namespace

Result<Installation> Installation::open(const std::filesystem::path& directory, Tenancy tenancy,
                                        const LedgerKeySource& source) {
    if (auto made = make_directory(directory); !made) return std::unexpected(made.error());
    if (auto closed = require_private(directory, private_directory); !closed) return std::unexpected(closed.error());
    Installation installation;
    installation.directory_ = directory;
    installation.source_ = source;
    if (tenancy == Tenancy::gateway) {
        const auto lock = lock_file(directory / "lock", LOCK_EX | LOCK_NB, "gateway");
        if (!lock) return std::unexpected(lock.error());
        installation.lock_ = *lock;
    }
    const auto setup = lock_file(directory / "setup.lock", LOCK_EX, "gateway");
    if (!setup) return std::unexpected(setup.error());
    const auto filled = [&]() -> Result<void> {
        if (auto finished = finish_swap(directory); !finished) return finished; // of a restore that was cut short
        const auto root = root_key(directory, installation.created_);
        if (!root) return std::unexpected(root.error());
        auto origin = read_origin(directory);
        if (!origin) return std::unexpected(origin.error());
        installation.origin_ = std::move(*origin);
        installation.keys_ = {crypto::derive(*root, "key-digests"), crypto::derive(*root, "pseudonyms"),
                              crypto::derive(*root, "sealing"), crypto::derive(*root, "unit-names"),
                              crypto::derive(*root, "bindings"), crypto::derive(*root, "body-keys")};
        if (auto opened = installation.open_ledger_key(tenancy); !opened) return opened;
        return make_directory(installation.ledger_directory());
    }();
    ::close(*setup);
    if (!filled) return std::unexpected(filled.error());
    return installation;
}

Result<void> write_ledger_signer(const std::filesystem::path& directory, const crypto::NoteSigner& signer) {
    return replace_file(directory / "ledger.key", std::string(signer.text().reveal()) + "\n", private_file);
}

Result<void> Installation::open_ledger_key(Tenancy tenancy) {
    auto known = read_ledger_keys(directory_, nullptr);
    if (!known) return std::unexpected(known.error());
    if (!source_.is_command() || tenancy == Tenancy::gateway || known->empty()) {
        auto signer = open_ledger_signer(directory_, origin_, source_);
        if (!signer) return std::unexpected(signer.error());
        known = read_ledger_keys(directory_, &signer->verifier());
        if (!known) return std::unexpected(known.error());
        ledger_signer_ = std::make_shared<const crypto::NoteSigner>(std::move(*signer));
    }
    ledger_keys_ = std::move(*known);
    return {};
}

std::string next_epoch(const std::string& origin, std::span<const crypto::NoteVerifier> keys) {
    const std::string first = "sallyport/" + origin;
    unsigned long last = 1;
    for (const crypto::NoteVerifier& key : keys)
        if (key.name().starts_with(first + "/"))
            last = std::max(last, std::strtoul(key.name().c_str() + first.size() + 1, nullptr, 10));
    return first + "/" + std::to_string(last + 1);
}

Result<std::filesystem::path> Installation::take_ledger_signer(const crypto::NoteSigner& signer) {
    auto known = read_ledger_keys(directory_, &signer.verifier()); // the public half first
    if (!known) return std::unexpected(known.error());
    const auto file = source_.is_command()   ? directory_ / "ledger.key.next"
                      : source_.is_default() ? own_key_file(directory_)
                                             : source_.file;
    if (auto written = replace_file(file, std::string(signer.text().reveal()) + "\n", private_file); !written)
        return std::unexpected(written.error());
    ledger_signer_ = std::make_shared<const crypto::NoteSigner>(signer);
    ledger_keys_ = std::move(*known);
    return file;
}

bool Installation::has_key_left_behind() const {
    std::error_code error;
    if (source_.is_default()) return false;
    const auto own = own_key_file(directory_);
    return std::filesystem::exists(own, error) && !std::filesystem::equivalent(own, source_.file, error);
}

std::string Installation::next_epoch() const { return identity::next_epoch(origin_, ledger_keys_); }

Installation::Installation(Installation&& other) noexcept
    : directory_(std::move(other.directory_)), origin_(std::move(other.origin_)), keys_(std::move(other.keys_)),
      source_(std::move(other.source_)), ledger_signer_(std::move(other.ledger_signer_)),
      ledger_keys_(std::move(other.ledger_keys_)), lock_(std::exchange(other.lock_, -1)), created_(other.created_) {}

Installation& Installation::operator=(Installation&& other) noexcept {
    std::swap(directory_, other.directory_);
    std::swap(origin_, other.origin_);
    std::swap(keys_, other.keys_);
    std::swap(source_, other.source_);
    std::swap(ledger_signer_, other.ledger_signer_);
    std::swap(ledger_keys_, other.ledger_keys_);
    std::swap(lock_, other.lock_);
    std::swap(created_, other.created_);
    return *this;
}

Installation::~Installation() {
    if (lock_ >= 0) ::close(lock_);
}

} // namespace sallyport::identity
