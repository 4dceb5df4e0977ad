// Questions to the ledger as a stranger would write them: path, query and reason. Either an error with a sentence, or a question within its
// limits, which a developer's key narrows to its own person.
//
//   input = path LF query LF reason
#include "base/limits.h"
#include "gateway/ledger_question.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace gateway = sallyport::gateway;
namespace identity = sallyport::identity;
namespace limits = sallyport::limits;
namespace tlog = sallyport::tlog;

namespace {
void require(bool holds) {
    if (!holds) std::abort();
}
std::string_view take_line(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using What = gateway::LedgerQuestion::What;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string_view path = take_line(text), query = take_line(text);
    if (const auto tile = tlog::parse_tile_path(path)) {
        const auto& place = tile->place;
        require((tile->is_of_entries ? place.entries_path() : place.path()) == path);
        require(place.width >= 1 && place.width <= tlog::tile_width);
    }
    auto asked = gateway::read_question(path, query, text, 1'795'000'000'000);
    if (!asked) {
        require(!asked.error().message.empty() && asked.error().source == sallyport::ErrorSource::client);
        return 0;
    }
    require(gateway::is_ledger_path(path));
    require(asked->limit <= limits::left_rows_max && asked->reason.size() <= limits::reason_bytes_max);
    require(asked->what != What::body || !asked->reason.empty());
    const gateway::Asker developer{"k_1", "p_mine", identity::Access::developer};
    const bool entitled = gateway::entitle(*asked, developer).has_value();
    const bool lists = asked->what == What::entries || asked->what == What::left;
    require(asked->what != What::body || !entitled);
    require(!entitled || !lists || asked->filter.person == "p_mine");
    return 0;
}
