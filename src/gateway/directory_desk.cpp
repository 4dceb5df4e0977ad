#include "gateway/directory_desk.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "gateway/form.h"
#include "json/writer.h"

#include <algorithm>
#include <charconv>

namespace sallyport::gateway {

namespace {

constexpr std::string_view users_path = "/scim/v2/Users", type = "application/scim+json";
constexpr std::string_view config_body =
    R"({"schemas":["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],"patch":{"supported":true},)"
    R"("bulk":{"supported":false,"maxOperations":0,"maxPayloadSize":0},"filter":{"supported":true,"maxResults":200},)"
    R"("changePassword":{"supported":false},"sort":{"supported":false},"etag":{"supported":false},)"
    R"("authenticationSchemes":[{"type":"oauthbearertoken","name":"Bearer token","description":"The token of scim: in sallyport.yaml"}]})";
constexpr std::string_view types_body =
    R"({"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"startIndex":1,"itemsPerPage":1,"Resources":[)"
    R"({"schemas":["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],"id":"User","name":"User","endpoint":"/Users",)"
    R"("schema":"urn:ietf:params:scim:schemas:core:2.0:User"}]})";

// RFC 7644 section 3.12.
std::string error_body(int status, std::string_view sentence, std::string_view scim_type = {}) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.begin_array("schemas");
    writer.element("urn:ietf:params:scim:api:messages:2.0:Error");
    writer.end_array();
    writer.member("status", std::to_string(status));
    if (!scim_type.empty()) writer.member("scimType", scim_type);
    writer.member("detail", sentence);
    writer.end_object();
    return out;
}

std::size_t number(const Form& form, std::string_view name, std::size_t otherwise) {
    const std::string_view text = field(form, name);
    std::size_t value = otherwise;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

bool is_authorized(const http::RequestHead& head, const Secret& token) {
    constexpr std::string_view scheme = "Bearer ";
    const std::string_view value = head.fields.value("authorization");
    return !token.empty() && head.fields.count("authorization") == 1 && value.size() > scheme.size() &&
           equals_ignoring_case(value.substr(0, scheme.size()), scheme) &&
           crypto::equal(crypto::bytes(crypto::sha256(trim(value.substr(scheme.size())))),
                         crypto::bytes(crypto::sha256(token.reveal())));
}

} // namespace

Result<std::string> DirectoryDesk::resource(const store::PersonRecord& person, const std::string& base) {
    const auto name = parts_.pseudonyms.name_of(parts_.state, person.person);
    if (!name) return std::unexpected(name.error());
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.begin_array("schemas");
    writer.element("urn:ietf:params:scim:schemas:core:2.0:User");
    writer.end_array();
    writer.member("id", person.person);
    if (!person.external_id.empty()) writer.member("externalId", person.external_id);
    writer.member("userName", name->value_or(person.person)); // erased: only the pseudonym is left
    writer.member("active", person.disabled_ms == 0);
    writer.begin_object("meta");
    writer.member("resourceType", "User");
    writer.member("created", rfc3339(person.created_ms));
    writer.member("lastModified", rfc3339(person.changed_ms));
    writer.member("location", base + std::string(users_path) + "/" + person.person);
    writer.end_object();
    writer.end_object();
    return out;
}

Result<void> DirectoryDesk::keep(const store::PersonRecord& before, const store::PersonRecord& now) {
    if (auto put = parts_.state.put_person(now); !put) return put;
    const bool was = before.disabled_ms == 0, is = now.disabled_ms == 0;
    if (!is)
        if (auto ended = parts_.state.end_sessions_of(now.person, wall_ms()); !ended) return ended;
    if (was == is) return {};
    return parts_.state.add_act({"a_" + to_hex(crypto::random_bytes(10)), is ? "enable-person" : "disable-person",
                                 "directory", "", "person " + now.person, wall_ms()});
}

Result<DirectoryDesk::Reply> DirectoryDesk::users(const Asked& asked) {
    const auto form = read_form(asked.query);
    if (!form) return std::unexpected(form.error());
    const auto filter = read_directory_filter(field(*form, "filter"));
    if (!filter) return Reply{400, error_body(400, filter.error().message, "invalidFilter"), {}};
    auto people = parts_.state.people();
    if (!people) return std::unexpected(people.error());
    using By = DirectoryFilter::By;
    const std::string wanted = filter->by == By::user_name
                                   ? std::string(parts_.pseudonyms.of(identity::NameKind::person, filter->value).view())
                                   : filter->value;
    std::erase_if(*people, [&](const store::PersonRecord& one) {
        return !one.is_provisioned || (filter->by == By::external_id && one.external_id != wanted) ||
               ((filter->by == By::user_name || filter->by == By::id) && one.person != wanted);
    });
    const std::size_t start = std::max<std::size_t>(1, number(*form, "startIndex", 1));
    const std::size_t count = std::min(directory_page_max, number(*form, "count", directory_page_max));
    Reply out;
    json::Writer writer(out.body);
    writer.begin_object();
    writer.begin_array("schemas");
    writer.element("urn:ietf:params:scim:api:messages:2.0:ListResponse");
    writer.end_array();
    writer.member("totalResults", static_cast<std::uint64_t>(people->size()));
    writer.member("startIndex", static_cast<std::uint64_t>(start));
    std::size_t shown = 0;
    writer.begin_array("Resources");
    for (std::size_t i = start - 1; i < people->size() && shown < count; ++i, ++shown) {
        const auto one = resource((*people)[i], asked.base);
        if (!one) return std::unexpected(one.error());
        writer.element_raw(*one);
    }
    writer.end_array();
    writer.member("itemsPerPage", static_cast<std::uint64_t>(shown));
    writer.end_object();
    return out;
}

Result<DirectoryDesk::Reply> DirectoryDesk::create(const Asked& asked) {
    const auto wanted = read_directory_user(asked.body);
    if (!wanted) return Reply{400, error_body(400, wanted.error().message, "invalidSyntax"), {}};
    if (!wanted->user_name) return Reply{400, error_body(400, "a user has a 'userName'", "invalidValue"), {}};
    const std::string person(parts_.pseudonyms.remember(identity::NameKind::person, *wanted->user_name).view());
    if (auto kept = parts_.pseudonyms.keep_names(parts_.state); !kept) return std::unexpected(kept.error());
    const auto known = parts_.state.person(person);
    if (!known) return std::unexpected(known.error());
    if (*known && (*known)->is_provisioned)
        return Reply{409, error_body(409, "there is a user of this userName", "uniqueness"), {}};
    const std::int64_t now = wall_ms();
    const store::PersonRecord before = known->value_or(store::PersonRecord{person, {}, now, now, 0, false});
    store::PersonRecord after = before;
    after.is_provisioned = true;
    after.external_id = wanted->external_id.value_or("");
    after.changed_ms = now;
    after.disabled_ms = wanted->active.value_or(true) ? 0 : now;
    if (auto kept = keep(before, after); !kept) return std::unexpected(kept.error());
    auto body = resource(after, asked.base);
    if (!body) return std::unexpected(body.error());
    return Reply{201, std::move(*body), asked.base + std::string(users_path) + "/" + person};
}

Result<DirectoryDesk::Reply> DirectoryDesk::change(const Asked& asked, store::PersonRecord person) {
    const store::PersonRecord before = person;
    const std::int64_t now = wall_ms();
    if (asked.method == "DELETE") {
        person.is_provisioned = false;
        if (person.disabled_ms == 0) person.disabled_ms = now;
    } else {
        const bool is_patch = asked.method == "PATCH";
        const auto wanted = is_patch ? read_directory_patch(asked.body) : read_directory_user(asked.body);
        if (!wanted) return Reply{400, error_body(400, wanted.error().message, "invalidSyntax"), {}};
        if (wanted->user_name &&
            parts_.pseudonyms.of(identity::NameKind::person, *wanted->user_name).view() != person.person)
            return Reply{400,
                         error_body(400,
                                    "a userName is not changed here, since what was recorded is under it: delete "
                                    "this user and create the other",
                                    "mutability"),
                         {}};
        if (!is_patch || wanted->external_id) person.external_id = wanted->external_id.value_or("");
        // A PUT that does not say is none that disables (RFC 7644 section 3.5.1 leaves it to us), nor one that enables.
        if (wanted->active)
            person.disabled_ms = *wanted->active ? 0 : person.disabled_ms != 0 ? person.disabled_ms : now;
    }
    person.changed_ms = now;
    if (auto kept = keep(before, person); !kept) return std::unexpected(kept.error());
    if (asked.method == "DELETE") return Reply{204, {}, {}};
    auto body = resource(person, asked.base);
    if (!body) return std::unexpected(body.error());
    return Reply{200, std::move(*body), {}};
}

DirectoryDesk::Reply DirectoryDesk::reply(const Asked& asked) {
    Result<Reply> out = Reply{404, error_body(404, "there is no such user"), {}};
    if (asked.id.empty()) {
        out = asked.method == "POST" ? create(asked) : users(asked);
    } else if (const auto known = parts_.state.person(asked.id); !known) {
        out = std::unexpected(known.error());
    } else if (*known && (*known)->is_provisioned && asked.method == "GET") {
        auto body = resource(**known, asked.base);
        out = body ? Result<Reply>(Reply{200, std::move(*body), {}}) : std::unexpected(body.error());
    } else if (*known && (*known)->is_provisioned) {
        out = change(asked, **known);
    }
    if (out) return std::move(*out);
    const bool client = out.error().source == ErrorSource::client;
    return {client ? 400 : 503, error_body(client ? 400 : 503, out.error().message), {}};
}

net::Task<void> DirectoryDesk::answer(http::Exchange& exchange) {
    const http::RequestHead& head = exchange.head();
    const std::shared_ptr<const Config> config = parts_.config();
    const std::string_view below = head.path.substr(std::min(head.path.size(), users_path.size()));
    const bool of_users = head.path.starts_with(users_path) && (below.empty() || below.starts_with('/'));
    Asked asked{std::string(head.method),
                std::string(below.substr(below.empty() ? 0 : 1)),
                std::string(head.query),
                "http://" + std::string(head.fields.value("host")),
                {}};
    const bool reads = asked.method == "GET",
               is_body = asked.method == "POST" || asked.method == "PUT" || asked.method == "PATCH";
    const bool fits = asked.id.empty()
                          ? reads || asked.method == "POST"
                          : reads || asked.method == "PUT" || asked.method == "PATCH" || asked.method == "DELETE";
    Reply reply{404, error_body(404, "served here: Users, ServiceProviderConfig, ResourceTypes"), {}};
    std::string more = "Cache-Control: no-store\r\n";
    Buffer body;
    if (config->directory_token.empty()) {
        reply = {404, error_body(404, "sallyport.yaml names no directory (scim: token)"), {}};
    } else if (!is_authorized(head, config->directory_token)) {
        reply = {
            401, error_body(401, "the token of scim: in sallyport.yaml is asked for (Authorization: Bearer …)"), {}};
        more += "WWW-Authenticate: Bearer\r\n";
    } else if (reads && head.path == "/scim/v2/ServiceProviderConfig") {
        reply = {200, std::string(config_body), {}};
    } else if (reads && head.path == "/scim/v2/ResourceTypes") {
        reply = {200, std::string(types_body), {}};
    } else if (of_users && !fits) {
        reply = {405, error_body(405, "not served with this method"), {}};
    } else if (of_users) {
        const Result<void> read =
            is_body ? co_await exchange.read_body(body, directory_body_bytes_max) : Result<void>();
        asked.body = body.view();
        if (!read) {
            reply = {read.error().kind == ErrorKind::too_large ? 413 : 400, error_body(400, read.error().message), {}};
        } else {
            co_await workers_.run(exchange.loop(), [&] { reply = this->reply(asked); });
            if (!reads) parts_.changed(); // at once, rather than at the next look
        }
    }
    if (!reply.location.empty()) more += "Location: " + reply.location + "\r\n";
    [[maybe_unused]] const Result<void> told = co_await exchange.respond(reply.status, type, more, reply.body);
}

} // namespace sallyport::gateway
