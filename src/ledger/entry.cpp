#include "ledger/entry.h"

#include "ledger/entry_memory.h"
#include "ledger/words.h"

#include <charconv>

namespace sallyport::ledger {

Entry::Entry(Content content, std::unique_ptr<Memory> memory) : memory_(std::move(memory)), content_(content) {}
Entry::Entry(Entry&&) noexcept = default;
Entry& Entry::operator=(Entry&&) noexcept = default;
Entry::~Entry() = default;

std::string_view Entry::exchange() const {
    return std::visit(
        [](const auto& entry) -> std::string_view {
            if constexpr (requires { entry.exchange; })
                return entry.exchange;
            else
                return {};
        },
        content_);
}

std::int64_t Entry::at_ms() const {
    return std::visit([](const auto& entry) { return entry.at_ms; }, content_);
}

void encode(const Entry& entry, std::string& out) {
    std::visit([&](const auto& content) { encode(content, out); }, entry.content());
}

std::string_view name(Kind kind) { return word(kind); }
std::string_view name(Ended ended) { return word(ended); }
std::string_view name(dialect::Operation operation) { return word(operation); }
std::string_view refusal_word(dialect::RefusalKind kind) { return word(kind); }

Result<EntryId> parse_entry_id(std::string_view text) {
    const auto slash = text.find('/');
    EntryId id;
    if (slash != std::string_view::npos && slash != 0) {
        id.origin = text.substr(0, slash);
        const auto digits = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id.index);
        if (error == std::errc() && end == digits.data() + digits.size()) return id;
    }
    return fail(ErrorKind::invalid,
                "'" + std::string(text.substr(0, 64)) + "' is not the id of an entry; one looks like k3f9x2ab/1207",
                ErrorSource::client);
}

} // namespace sallyport::ledger
