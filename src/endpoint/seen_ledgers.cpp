#include "endpoint/seen_ledgers.h"

#include "base/buffer.h"
#include "base/encoding.h"
#include "base/file.h"
#include "identity/binding.h"
#include "json/document.h"
#include "tlog/witness.h"

#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <optional>
#include <ranges>
#include <sys/file.h>
#include <unistd.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t note_bytes_max = 16 * 1024, logs_max = 8, keys_max = 64;
constexpr std::ptrdiff_t files_max = 64; // of one gateway

std::string digest_of(std::string_view text) { return to_hex(crypto::bytes(crypto::sha256(text))); }

std::optional<tlog::SignedCheckpoint> read(const fs::path& file) {
    const auto text = read_file(file, note_bytes_max);
    auto parsed = text ? tlog::parse_signed_checkpoint(*text, tlog::Extensions::read_over) : fail(ErrorKind::io, "");
    if (!parsed) return std::nullopt;
    return std::move(*parsed);
}

// One launcher after the other keeps what it saw.
class Locked {
public:
    explicit Locked(const fs::path& folder)
        : descriptor_(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        if (descriptor_ >= 0) [[maybe_unused]]
            const int locked = ::flock(descriptor_, LOCK_EX);
    }
    ~Locked() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;

private:
    int descriptor_;
};

struct ShownLedger {
    std::string request; // add-checkpoint
    std::vector<crypto::NoteVerifier> keys;
};
// Nothing where the gateway shows none.
Result<std::optional<ShownLedger>> shown_in(std::string_view answer) {
    const Buffer raw(answer);
    json::Document document;
    if (answer.empty()) return fail(ErrorKind::invalid, "the gateway's answer about the binding is empty");
    if (auto parsed = document.parse(raw.view()); !parsed) return std::unexpected(parsed.error());
    const auto ledger = document.find_once(document.root(), "ledger");
    if (!ledger) return fail(ErrorKind::invalid, "the gateway shows its ledger twice");
    if (*ledger == json::no_node) return std::nullopt;
    const auto request = document.find_once(*ledger, "checkpoint"), keys = document.find_once(*ledger, "keys");
    if (!request || *request == json::no_node || !keys || *keys == json::no_node)
        return fail(ErrorKind::invalid, "the gateway shows a ledger without its checkpoint or its keys");
    ShownLedger out;
    std::string scratch;
    out.request = document.text(*request, scratch);
    for (auto one = document.first_child(*keys); one != json::no_node && out.keys.size() < keys_max;
         one = document.next_sibling(one)) {
        auto key = crypto::NoteVerifier::parse(document.text(one, scratch));
        if (!key) return std::unexpected(key.error());
        out.keys.push_back(std::move(*key));
    }
    return out;
}

} // namespace

SeenLedgers::SeenLedgers(const fs::path& directory, std::string_view gateway_authority)
    : folder_(directory / digest_of(gateway_authority)), gateway_(gateway_authority) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
        auto seen = entry.path().filename().string().starts_with("apart-") ? std::nullopt : read(entry.path());
        if (seen && entry.path() == file_of(seen->checkpoint.origin))
            seen_.push_back(std::move(*seen));
        else if (const std::string name = entry.path().filename().string();
                 !name.starts_with("apart-") && name != "lock")
            unreadable_ = entry.path().string();
    }
    std::ranges::sort(seen_, {}, [](const auto& one) { return one.checkpoint.origin; });
}

fs::path SeenLedgers::file_of(std::string_view origin) const { return folder_ / digest_of(origin); }

std::string SeenLedgers::fields() const {
    std::string out;
    for (const auto& one : seen_ | std::views::reverse | std::views::take(logs_max))
        out += fmt::format("{}: {} {}\r\n", identity::ledger_seen_header, one.checkpoint.size, one.checkpoint.origin);
    return out;
}

Result<std::string> SeenLedgers::take(std::string_view answer) {
    const auto shown = shown_in(answer);
    if (!shown) return std::unexpected(shown.error());
    if (!*shown)
        return seen_.empty() ? std::string()
                             : fmt::format("the gateway at {} shows its ledger no more, which it did before; ask those "
                                           "who run it why",
                                           gateway_);
    const auto request = tlog::parse_add_checkpoint((*shown)->request);
    if (!request) return std::unexpected(request.error());
    const tlog::SignedCheckpoint& next = request->checkpoint;
    if (crypto::encode(next.note).size() > note_bytes_max)
        return fail(ErrorKind::refused, "the ledger that the gateway shows has a checkpoint too long to be kept");
    const auto known =
        std::ranges::find_if(seen_, [&](const auto& one) { return one.checkpoint.origin == next.checkpoint.origin; });
    std::optional<tlog::Checkpoint> last;
    if (known != seen_.end()) last = known->checkpoint;
    const tlog::WitnessVerdict verdict = tlog::judge(*request, (*shown)->keys, last);
    if (verdict.accepted) return keep(*verdict.accepted);
    const auto signers = crypto::signers_of(next.note, (*shown)->keys);
    if (!last || !signers || signers->empty())
        return fail(ErrorKind::refused, "the ledger that the gateway shows cannot be believed: " + verdict.body);
    if (next.checkpoint.size < last->size)
        return contradicted(
            *known, next,
            fmt::format("it has {} entries, and had {}: it was rolled back", next.checkpoint.size, last->size));
    return contradicted(*known, next,
                        fmt::format("its {} entries do not go on from the {} that were seen here: it was rewritten",
                                    next.checkpoint.size, last->size));
}

Result<std::string> SeenLedgers::contradicted(const tlog::SignedCheckpoint& then, const tlog::SignedCheckpoint& now,
                                              const std::string& what) {
    const std::string both = crypto::encode(then.note) + "\n" + crypto::encode(now.note);
    const fs::path evidence = folder_ / ("apart-" + digest_of(both)), seen = file_of(then.checkpoint.origin);
    std::error_code error;
    const auto kept = std::distance(fs::directory_iterator(folder_, error), fs::directory_iterator());
    const bool is_kept = kept < files_max && replace_file(evidence, both, 0600).has_value();
    return fail(
        ErrorKind::refused,
        fmt::format("the ledger {} of the gateway at {} is not the one that this machine saw: {}. Tell those who audit "
                    "it{}. Once it is explained, remove {}",
                    then.checkpoint.origin, gateway_, what,
                    is_kept ? "; both signed checkpoints are in " + evidence.string() : "", seen.string()));
}

Result<std::string> SeenLedgers::keep(const tlog::SignedCheckpoint& next) {
    std::error_code error;
    fs::create_directories(folder_, error);
    fs::permissions(folder_, fs::perms::owner_all, error);
    const Locked locked(folder_);
    const fs::path file = file_of(next.checkpoint.origin);
    const auto now = read(file); // of another launcher, meanwhile
    if (now && now->checkpoint.size == next.checkpoint.size && now->checkpoint.root != next.checkpoint.root)
        return contradicted(*now, next, "it was shown with two roots");
    if (!now || now->checkpoint.size < next.checkpoint.size)
        if (auto kept = replace_file(file, crypto::encode(next.note), 0600); !kept)
            return fmt::format("what was seen of the gateway's ledger cannot be kept: {}", kept.error().message);
    const bool is_new =
        std::ranges::none_of(seen_, [&](const auto& one) { return one.checkpoint.origin == next.checkpoint.origin; });
    if (is_new && !unreadable_.empty())
        return fmt::format("what this machine had seen of the gateway's ledger cannot be read and was begun anew: {}",
                           unreadable_);
    if (!is_new || seen_.empty()) return std::string();
    return fmt::format(
        "the gateway at {} shows the ledger {}, which this machine had not seen; before it was {} with {} "
        "entries. Unless that was announced, ask those who run it; `ledger recover` records why",
        gateway_, next.checkpoint.origin, seen_.back().checkpoint.origin, seen_.back().checkpoint.size);
}

} // namespace sallyport::endpoint
