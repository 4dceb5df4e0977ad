#include "repo/xml.h"

#include "base/limits.h"

#include <expat.h>
#include <memory>
#include <type_traits>

namespace sallyport::repo {

namespace {

struct Close {
    void operator()(XML_Parser one) const { XML_ParserFree(one); }
};
using Parser = std::unique_ptr<std::remove_pointer_t<XML_Parser>, Close>;

struct Reading {
    XML_Parser parser;
    XmlEvents& events;
    std::size_t depth = 0;
    std::string_view left_out = {};

    void stop(std::string_view reason) {
        left_out = reason;
        XML_StopParser(parser, XML_FALSE);
    }
    void stop_if_full() {
        if (events.is_full()) stop("too large");
    }
};

// Expat tells an end and some text after it was stopped.
void on_start(void* data, const char* name, const char** attributes) {
    auto& reading = *static_cast<Reading*>(data);
    if (!reading.left_out.empty()) return;
    if (++reading.depth > limits::document_depth_max) return reading.stop("too deep a document");
    reading.events.start(name, XmlAttributes(attributes));
    reading.stop_if_full();
}

void on_end(void* data, const char* name) {
    auto& reading = *static_cast<Reading*>(data);
    if (!reading.left_out.empty()) return;
    --reading.depth;
    reading.events.end(name);
    reading.stop_if_full();
}

void on_text(void* data, const char* piece, int size) {
    auto& reading = *static_cast<Reading*>(data);
    if (!reading.left_out.empty()) return;
    reading.events.text({piece, static_cast<std::size_t>(size)});
    reading.stop_if_full();
}

void on_doctype(void* data, const char*, const char*, const char*, int) {
    static_cast<Reading*>(data)->stop("damaged document");
}

} // namespace

std::string_view XmlAttributes::find(std::string_view name) const {
    for (const char* const* pair = pairs_; *pair != nullptr; pair += 2)
        if (name == pair[0]) return pair[1];
    return {};
}

OrLeftOut<void> parse_xml(std::string_view xml, XmlEvents& events) {
    const Parser parser(XML_ParserCreate(nullptr));
    Reading reading{parser.get(), events};
    XML_SetUserData(parser.get(), &reading);
    XML_SetElementHandler(parser.get(), on_start, on_end);
    XML_SetCharacterDataHandler(parser.get(), on_text);
    XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
    static_assert(limits::document_unpacked_bytes_max < 1u << 31, "expat counts in int");
    const bool whole = XML_Parse(parser.get(), xml.data(), static_cast<int>(xml.size()), XML_TRUE) == XML_STATUS_OK;
    if (!reading.left_out.empty()) return std::unexpected(reading.left_out);
    if (!whole) return std::unexpected("damaged document");
    return {};
}

} // namespace sallyport::repo
