// Any bytes as an office document, and as the XML of each part of one: what is read is text in whole lines within its limit, what is not
// has a reason. PDFs are another program's.
#include "base/limits.h"
#include "repo/document_text.h"
#include "repo/markup_text.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace sallyport::repo;

void check(bool holds) {
    if (!holds) std::abort();
}

void check_text(std::string_view text) {
    check(text.size() <= sallyport::limits::index_document_bytes_max + 1 && !text.contains('\0'));
    check(text.empty() || text.ends_with('\n'));
}

template <class Read> void check_part(const Read& read) {
    std::string out;
    const auto done = read(out);
    check_text(out);
    check(done || !done.error().empty());
}

void check_document(std::string_view bytes) {
    if (!may_be_document(bytes) || bytes.starts_with("%PDF")) return;
    const auto text = text_of_document(bytes);
    check(text ? !text->empty() : !text.error().empty());
    if (text) check_text(*text);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check_document(bytes);
    check_part([&](std::string& out) { return add_paragraphs(bytes, out); });
    check_part([&](std::string& out) { return add_open_document(bytes, out); });
    SharedStrings strings;
    const auto named = add_shared_strings(bytes, strings);
    check(named || !named.error().empty());
    check(strings.ends.empty() || strings.ends.back() <= strings.text.size());
    check_part([&](std::string& out) { return add_sheet(bytes, strings, out); });
    return 0;
}
