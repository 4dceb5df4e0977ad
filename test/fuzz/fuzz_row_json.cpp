// Answers of a gateway as a stranger would give them to `ledger list --gateway`: an error with a sentence, or rows that are written and
// read again the same.
#include "base/buffer.h"
#include "ledger/row_json.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace ledger = sallyport::ledger;
namespace json = sallyport::json;

namespace {
void require(bool holds) {
    if (!holds) std::abort();
}

template <class Page> std::string written(const Page& page, std::string_view list) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.begin_array(list);
    for (const auto& row : page.rows) {
        writer.begin_object();
        ledger::write_members(writer, "o", row);
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    return out;
}

template <class Read> void check(std::string_view bytes, std::string_view list, Read read) {
    std::string origin;
    const auto page = read(bytes, origin);
    if (!page) return require(!page.error().message.empty());
    const std::string once = written(*page, list);
    const sallyport::Buffer padded(once);
    const auto again = read(padded.view(), origin);
    require(again.has_value() && written(*again, list) == once);
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sallyport::Buffer padded(std::string_view(reinterpret_cast<const char*>(data), size));
    padded.reserve(1);
    check(padded.view(), "entries", ledger::read_page);
    check(padded.view(), "files", ledger::read_left);
    std::string origin;
    if (const auto shown = ledger::read_shown(padded.view(), origin)) {
        const sallyport::Buffer once(ledger::shown_json("o", *shown));
        require(ledger::read_shown(once.view(), origin).has_value());
    }
    return 0;
}
