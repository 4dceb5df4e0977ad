#include "gateway/caller.h"

#include "base/buffer.h"
#include "base/text.h"
#include "identity/credential.h"
#include "json/document.h"
#include "repo/identity.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

constexpr http::FieldNames credential_headers({"authorization", "x-api-key", "x-goog-api-key", "api-key"});
// Who pays, or a person's session in another form.
constexpr http::FieldNames account_headers({"openai-organization", "openai-project", "chatgpt-account-id",
                                            "x-goog-user-project", "cookie", "x-goog-iam-authorization-token",
                                            "anthropic-organization-id", "x-amz-security-token"});
constexpr http::FieldNames session_headers({"x-claude-code-session-id", "session-id", "x-session-id"});
constexpr std::size_t claims_max = 8;

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

// Compared decoded: a vendor that reads "k%65y" as "key" must not receive what we overlooked.
bool is_credential_parameter(std::string_view parameter) {
    const std::string name = percent_decoded(parameter.substr(0, parameter.find('=')));
    return equals_ignoring_case(name, "key") || equals_ignoring_case(name, "$key") ||
           equals_ignoring_case(name, "access_token") || equals_ignoring_case(name, "api_key") ||
           equals_ignoring_case(name, "api-key") || equals_ignoring_case(name, "oauth_token");
}

// Calls told(parameter, separator before it included) for each parameter. '&' and ';' both separate for some readers.
template <class Told> void each_parameter(std::string_view query, Told&& told) {
    std::size_t begin = 0;
    while (begin <= query.size() && !query.empty()) {
        const std::size_t end = std::min(query.find_first_of("&;", begin), query.size());
        told(query.substr(begin, end - begin), begin, end);
        begin = end + 1;
    }
}

std::string_view without_scheme(std::string_view value) {
    for (const std::string_view scheme : {"bearer ", "basic "})
        if (value.size() > scheme.size() && equals_ignoring_case(value.substr(0, scheme.size()), scheme))
            return trim(value.substr(scheme.size()));
    return value;
}

// {"workspaces": {"<cwd>": {"associated_remote_urls": {"origin": "…"}}}}
void claims_of_turn_metadata(std::string_view value, std::vector<std::string>& into, bool& unreadable) {
    const std::string padded = std::string(value) + std::string(Buffer::padding, '\0');
    json::Document document;
    std::string scratch;
    if (!document.parse(std::string_view(padded).substr(0, value.size()))) {
        unreadable = true;
        return;
    }
    const json::NodeIndex workspaces = document.find(document.root(), "workspaces");
    if (workspaces == json::no_node) return;
    for (json::NodeIndex one = document.first_child(workspaces); one != json::no_node;
         one = document.next_sibling(one)) {
        const json::NodeIndex remotes = document.find(one, "associated_remote_urls");
        if (remotes == json::no_node) continue;
        for (json::NodeIndex remote = document.first_child(remotes); remote != json::no_node;
             remote = document.next_sibling(remote)) {
            if (auto normalised = repo::normalise_remote(document.text(remote, scratch)); !normalised)
                unreadable = true;
            else if (into.size() >= claims_max)
                unreadable = true;
            else if (std::ranges::find(into, *normalised) == into.end())
                into.push_back(std::move(*normalised));
        }
    }
}

} // namespace

bool carries_credential(const http::FieldName& name) { return credential_headers.hold(name); }

bool never_forwarded(const http::FieldName& name) {
    static constexpr std::string_view ours = "x-sallyport-";
    const std::string_view text = name;
    if (text.size() > ours.size() && ascii_lower(text[0]) == 'x' &&
        equals_ignoring_case(text.substr(0, ours.size()), ours))
        return true;
    return carries_credential(name) || account_headers.hold(name);
}

bool query_has_credential(std::string_view query) {
    bool found = false;
    each_parameter(query, [&](std::string_view parameter, std::size_t, std::size_t) {
        found = found || is_credential_parameter(parameter);
    });
    return found;
}

bool is_company_credential(std::string_view header_value) {
    return identity::classify_credential(without_scheme(header_value)) == identity::CredentialKind::company_key;
}

std::string query_without_credentials(std::string_view query, bool keep_vendors) {
    std::string kept;
    bool first = true;
    each_parameter(query, [&](std::string_view parameter, std::size_t begin, std::size_t) {
        if (is_credential_parameter(parameter)) {
            const std::size_t equals = parameter.find('=');
            const std::string value =
                equals == std::string_view::npos ? std::string() : percent_decoded(parameter.substr(equals + 1));
            if (!keep_vendors || is_company_credential(value)) return;
        }
        if (!first) kept += begin > 0 ? query[begin - 1] : '&';
        kept += parameter;
        first = false;
    });
    return kept;
}

Result<CallerView> read_caller(const http::RequestHead& head, const identity::KeyTable& keys,
                               std::int64_t now_wall_ms) {
    CallerView view;
    const http::Field* own = nullptr;
    std::string_view presented;
    std::size_t company_keys = 0;
    const auto take = [&](std::string_view header, std::string_view credential) {
        if (credential.empty()) return;
        // A company key with a slip in it is still presented, so that its owner hears what is wrong with it.
        if (identity::classify_credential(credential) == identity::CredentialKind::company_key ||
            credential.starts_with(identity::key_prefix)) {
            ++company_keys;
            if (presented.empty())
                presented = credential;
            else if (presented != credential)
                company_keys += 100; // two different ones: whose?
        } else if (identity::of_a_vendor(identity::classify_credential(credential))) {
            view.account = policy::AccountKind::personal;
            view.personal_header = header;
        }
    };
    for (const http::Field& field : head.fields) {
        if (field.name == "x-sallyport-key") {
            if (own != nullptr)
                return fail(ErrorKind::invalid, "the header x-sallyport-key is given twice", ErrorSource::client);
            own = &field;
            ++company_keys;
            if (!presented.empty() && presented != field.value) company_keys += 100;
            presented = field.value;
        } else if (carries_credential(field.name)) {
            if (head.fields.count(field.name) > 1)
                return fail(ErrorKind::invalid, "the header " + to_lower(field.name) + " is given twice",
                            ErrorSource::client);
            take(field.name, without_scheme(field.value));
        }
    }
    std::string decoded;
    std::size_t in_query = 0;
    each_parameter(head.query, [&](std::string_view parameter, std::size_t, std::size_t) {
        if (!is_credential_parameter(parameter)) return;
        ++in_query;
        const std::size_t equals = parameter.find('=');
        decoded = equals == std::string_view::npos ? std::string() : percent_decoded(parameter.substr(equals + 1));
    });
    if (in_query > 1) return fail(ErrorKind::invalid, "a key is given twice in the query", ErrorSource::client);
    if (in_query == 1) take("?", decoded);
    if (company_keys > 100)
        return fail(ErrorKind::invalid, "two different company keys are given", ErrorSource::client);

    if (presented.empty())
        view.key.problem = in_query > 0 || view.account == policy::AccountKind::personal
                               ? identity::KeyProblem::malformed
                               : identity::KeyProblem::missing;
    else
        view.key = keys.check(presented, now_wall_ms);

    identity::ClientHeaders told;
    for (const http::Field& field : head.fields) {
        if (field.name == "user-agent")
            told.user_agent = field.value;
        else if (field.name == "originator")
            told.originator = field.value;
        else if (field.name == "x-interaction-type")
            told.interaction_type = field.value;
        else if (field.name == "x-initiator")
            told.initiator = field.value;
        else if (session_headers.hold(field.name))
            view.session = field.value;
    }
    view.client = identity::identify_client(told);
    return view;
}

// The same remote comes with every exchange of a conversation: the last one of this thread is remembered.
static const std::optional<std::string>& normalised(std::string_view remote) {
    thread_local std::string last;
    thread_local std::optional<std::string> result = repo::normalise_remote({});
    if (last != remote) {
        result = repo::normalise_remote(remote);
        last = remote;
    }
    return result;
}

void claimed_repositories(const http::RequestHead& head, std::vector<std::string>& into, bool& unreadable) {
    for (const http::Field& field : head.fields) {
        if (field.name == "x-sallyport-repository") {
            const std::optional<std::string>& repository = normalised(field.value);
            if (!repository || into.size() >= claims_max)
                unreadable = true;
            else if (std::ranges::find(into, *repository) == into.end())
                into.push_back(*repository);
        } else if (field.name == "x-codex-turn-metadata") {
            claims_of_turn_metadata(field.value, into, unreadable);
        }
    }
}

} // namespace sallyport::gateway
