// For the tests of this folder: a request body, read.
#pragma once

#include "base/buffer.h"
#include "dialect/dialect.h"
#include "dialect/dialect_check.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sallyport::dialect {

struct Reading {
    Buffer raw;
    json::Document document;
    Request request;
    Result<void> result;
    std::vector<std::size_t> owner;

    Reading(std::string_view path, std::string_view body) : raw(body) {
        const auto endpoint = match_endpoint("POST", path);
        const auto parsed = document.parse(raw.view());
        if (!endpoint) throw std::invalid_argument("not an endpoint: " + std::string(path));
        if (!parsed) throw std::invalid_argument(parsed.error().message);
        result = read_request(*endpoint, document, request);
        if (!result) return;
        fuzz::check_units(document, request);
        owner = fuzz::owners(document, request);
    }

    std::string error() const { return result ? std::string() : result.error().message; }

    // The kind of the unit that owns the string with this text; the test fails where there is none.
    UnitKind kind_of(std::string_view text) const {
        for (json::NodeIndex n = 0; n < owner.size(); ++n)
            if (document.text_is(n, text)) return request.units[owner[n]].kind;
        throw std::invalid_argument("no string \"" + std::string(text) + "\" is owned by a unit");
    }
    // How many units there are of a kind.
    std::size_t count(UnitKind kind) const {
        return static_cast<std::size_t>(std::ranges::count(request.units, kind, &Unit::kind));
    }
    // Whether two strings belong to different units.
    bool apart(std::string_view a, std::string_view b) const {
        std::size_t owner_a = 0;
        std::size_t owner_b = 0;
        for (json::NodeIndex n = 0; n < owner.size(); ++n) {
            if (document.text_is(n, a)) owner_a = owner[n];
            if (document.text_is(n, b)) owner_b = owner[n];
        }
        return owner_a != owner_b;
    }
    bool refers(ReferenceKind kind, std::string_view what) const {
        return std::ranges::any_of(request.references,
                                   [&](const Reference& one) { return one.kind == kind && one.what == what; });
    }
    // "tool:path tool:path"
    std::string files() const {
        std::string all;
        for (const NamedFile& file : request.files) all += (all.empty() ? "" : " ") + file.tool + ":" + file.path;
        return all;
    }
    // "name name(plugin)"
    std::string tools() const {
        std::string all;
        for (const Tool& tool : request.tools)
            all += (all.empty() ? "" : " ") + tool.name + (tool.plugin.empty() ? "" : "(" + tool.plugin + ")");
        return all;
    }
};

} // namespace sallyport::dialect
