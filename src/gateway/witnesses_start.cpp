// What a start asks the witnesses: whether this ledger goes on from what they have seen.
#include "gateway/witnesses.h"
#include "ledger/tree_files.h"

namespace sallyport::gateway {

std::string contradiction(const tlog::Checkpoint& seen, std::string_view by, std::uint64_t entries,
                          const tlog::SubtreeHash& tree) {
    const std::string has = "it has " + std::to_string(entries) + " entries, and " + std::string(by) + " has seen " +
                            std::to_string(seen.size);
    const std::string next = ". Put the newer ledger back from a backup, and see that no second gateway runs on a copy "
                             "of this data directory";
    if (seen.size > entries) return "this ledger was rolled back or forked: " + has + next;
    if (tree) {
        const auto root = tlog::root_of(seen.size, tree);
        if (!root) return root.error().message;
        if (*root == seen.root) return {};
    }
    return "this ledger was rolled back or forked: " + has + ", which are not its first" + next;
}

// What enough witnesses cosigned before must be the beginning, too.
Result<void> Witnesses::take_kept() {
    for (std::size_t count = 1; count <= limits::witnesses_max; ++count)
        if (const auto taken = take_kept(ledger::cosigned_path(ledger_.directory, count)); !taken)
            return std::unexpected(taken.error());
    const auto size = take_kept(ledger::cosigned_path(ledger_.directory));
    if (!size) return std::unexpected(size.error());
    const std::scoped_lock lock(mutex_);
    kept_size_ = *size;
    return {};
}

Result<std::uint64_t> Witnesses::take_kept(const std::filesystem::path& path) {
    auto stored = ledger::read_checkpoint(path);
    if (!stored) { // nothing is lost with it that the witnesses do not have
        log_.warning("witness.kept_damaged", {{"why", stored.error().message}});
        std::error_code error;
        std::filesystem::remove(path, error);
        return 0;
    }
    if (!*stored) return 0;
    const tlog::SignedCheckpoint& kept = (*stored)->signed_checkpoint;
    if (const auto is_signed = tlog::check_signatures(kept, ledger_.keys); !is_signed)
        return fail(ErrorKind::refused, path.string() + ": " + is_signed.error().message);
    ledger::TreeReader tree(ledger_.directory);
    std::string why = contradiction(kept.checkpoint, path.string(), ledger_.entries(), tree.hashes());
    if (!why.empty()) return fail(ErrorKind::refused, std::move(why));
    return kept.checkpoint.size;
}

net::Task<void> Witnesses::compare_one(const World& world, std::size_t number, Waiting& waiting) {
    Asked& one = asked(world, number);
    const auto last = co_await last_checkpoint(line_to(world, number), origin(), ledger_.keys);
    if (!last) {
        failed(one, last.error());
    } else if (*last) {
        ledger::TreeReader tree(ledger_.directory);
        std::string why = contradiction(**last, "the witness " + one.name, ledger_.entries(), tree.hashes());
        if (!why.empty()) tell_apart(one, std::move(why));
        const std::scoped_lock lock(mutex_);
        one.known = (*last)->size;
    }
    waiting.one_less();
}

// First what each shows of itself, which tells both sizes; then a round, since not all show it, or not the newest.
net::Task<void> Witnesses::compare_all(std::shared_ptr<Compared> compared) {
    const std::shared_ptr<const World> world = world_;
    const std::size_t count = world->config->ledger.witnesses.size();
    Result<void> result = take_kept();
    if (result && count > 0) {
        Waiting waiting{net::Completion(loop_), count};
        for (std::size_t i = 0; i < count; ++i) loop_.spawn(compare_one(*world, i, waiting));
        co_await waiting.all;
        if (first_apart().empty()) co_await round(world);
        if (std::string why = first_apart(); !why.empty()) result = fail(ErrorKind::refused, std::move(why));
    }
    compared->set_value(std::move(result));
}

Result<void> Witnesses::compare() {
    const auto compared = std::make_shared<Compared>();
    auto result = compared->get_future();
    loop_.post([this, compared] { loop_.spawn(compare_all(compared)); });
    std::int64_t patience_ms = 1'000; // beside two questions: looking a name up has no time-out of its own
    {
        const std::scoped_lock lock(mutex_);
        patience_ms += 2 * timeout_ms_;
    }
    if (result.wait_for(std::chrono::milliseconds(patience_ms)) == std::future_status::ready) return result.get();
    log_.warning("witness.failed",
                 {{"witness", "all"}, {"why", "they did not answer in time, nor who knows their names"}});
    return {};
}

} // namespace sallyport::gateway
