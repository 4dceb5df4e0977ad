// XML of strangers, event by event, through expat. There is no document type, so nothing is declared, fetched or expanded.
#pragma once

#include "repo/left_out.h"

#include <string_view>

namespace sallyport::repo {

// Of one element; valid while it is told.
class XmlAttributes {
public:
    explicit XmlAttributes(const char* const* pairs) : pairs_(pairs) {}
    std::string_view find(std::string_view name) const; // empty: there is none

private:
    const char* const* pairs_;
};

// Names are as written ("w:p"). Text is UTF-8 and comes in pieces.
class XmlEvents {
public:
    virtual ~XmlEvents() = default;
    virtual void start(std::string_view name, const XmlAttributes& attributes) = 0;
    virtual void end(std::string_view name) = 0;
    virtual void text(std::string_view piece) = 0;
    virtual bool is_full() const = 0; // asked after each event: true ends the reading as "too large"
};

// Left out as "damaged document" (not well-formed, or it has a DOCTYPE), "too deep a document", "too large".
OrLeftOut<void> parse_xml(std::string_view xml, XmlEvents& events);

} // namespace sallyport::repo
