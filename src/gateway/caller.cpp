#include "gateway/caller.h"

#include "base/text.h"
#include "dialect/dialect.h"
#include "identity/credential.h"
#include "repo/identity.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

constexpr http::FieldNames credential_headers({"authorization", "x-api-key", "x-goog-api-key", "api-key"});
// Who pays, or a person's session in another form.
constexpr http::FieldNames account_headers({"openai-organization", "openai-project", "chatgpt-account-id",
                                            "x-goog-user-project", "cookie", "x-goog-iam-authorization-token",
                                            "anthropic-organization-id", "x-amz-security-token", "x-auth-token",
                                            "ocp-apim-subscription-key", "x-litellm-api-key", "x-portkey-api-key",
                                            "helicone-auth"});
constexpr http::FieldNames session_headers({"x-claude-code-session-id", "session-id", "x-session-id"});
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
    static constexpr std::string_view names[] = {"key",     "$key",    "access_token", "$access_token",
                                                 "api_key", "api-key", "oauth_token",  "$oauth_token",
                                                 "token",   "apikey",  "bearer_token", "$bearer_token"};
    return std::ranges::any_of(names, [&](std::string_view one) { return equals_ignoring_case(name, one); });
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

// Google's "$httpHeaders" (and other parameters with '$' that stand for a part of the request).
bool query_overrides_headers(std::string_view query) {
    bool found = false;
    each_parameter(query, [&](std::string_view parameter, std::size_t, std::size_t) {
        const std::string name = to_lower(percent_decoded(parameter.substr(0, parameter.find('='))));
        for (const std::string_view part : {"$httpheaders", "$httpmethod", "$method", "$ct", "$req"})
            found = found || name == part;
    });
    return found;
}

bool holds_company_key(std::string_view text) {
    for (auto at = text.find(identity::key_prefix); at != std::string_view::npos;
         at = text.find(identity::key_prefix, at + 1))
        if (identity::is_company_key(text.substr(at, identity::key_characters))) return true;
    return false;
}

std::string query_without_credentials(std::string_view query, bool keep_vendors) {
    std::string kept;
    bool first = true;
    each_parameter(query, [&](std::string_view parameter, std::size_t begin, std::size_t) {
        if (is_credential_parameter(parameter)) {
            const std::size_t equals = parameter.find('=');
            const std::string value =
                equals == std::string_view::npos ? std::string() : percent_decoded(parameter.substr(equals + 1));
            if (!keep_vendors || holds_company_key(value)) return;
        }
        if (!first) kept += begin > 0 ? query[begin - 1] : '&';
        kept += parameter;
        first = false;
    });
    return kept;
}

Result<CallerView> read_caller(const http::RequestHead& head, const identity::KeyTable& keys, std::int64_t now_wall_ms,
                               std::string_view of_connection) {
    CallerView view;
    const http::Field* own = nullptr;
    std::string_view presented;
    std::size_t company_keys = 0;
    const auto take = [&](std::string_view header, std::string_view credential) {
        if (credential.empty()) return;
        // A company key with a slip in it is still presented, so that its owner hears what is wrong with it.
        if (identity::classify_credential(credential) == identity::CredentialKind::company_key ||
            credential.starts_with(identity::key_prefix) || keys.knows_token(credential)) {
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

    if (presented.empty()) presented = of_connection;
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
            if (const auto free = std::ranges::find(view.sessions, std::string_view()); free != view.sessions.end())
                *free = field.value;
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

void claim(const std::optional<std::string>& repository, std::vector<std::string>& into, UnclearClaims& unclear) {
    if (!repository)
        unclear.unreadable = true;
    else if (std::ranges::find(into, *repository) != into.end())
        return;
    else if (into.size() >= claims_max)
        unclear.too_many = true;
    else
        into.push_back(*repository);
}

void claim_remotes(std::span<const std::string> remotes, bool is_whole, std::vector<std::string>& into,
                   UnclearClaims& unclear) {
    unclear.unreadable = unclear.unreadable || !is_whole;
    unclear.too_many = unclear.too_many || remotes.size() > dialect::remotes_max;
    for (const std::string& remote : remotes) claim(repo::normalise_remote(remote), into, unclear);
}

void claimed_repositories(const http::RequestHead& head, std::vector<std::string>& into, UnclearClaims& unclear) {
    for (const http::Field& field : head.fields) {
        if (field.name == "x-sallyport-repository") {
            // Proxies may join fields of one name by commas (RFC 9110, 5.3).
            for (std::size_t at = 0, comma = 0; comma != std::string_view::npos; at = comma + 1) {
                comma = field.value.find(',', at);
                claim(normalised(trim(field.value.substr(at, comma - at))), into, unclear);
            }
        } else if (field.name == "x-codex-turn-metadata") {
            std::vector<std::string> remotes;
            const bool is_whole = dialect::remotes_of_turn_metadata(field.value, remotes);
            claim_remotes(remotes, is_whole, into, unclear);
        }
    }
}

} // namespace sallyport::gateway
