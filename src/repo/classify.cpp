#include "repo/classify.h"

#include "repo/licence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sallyport::repo {

namespace {

// Forges at which repositories may be public, with the other names of their hosts. That a repository lies there does not make it open:
// its licence does.
constexpr auto public_forges = std::to_array<std::string_view>({"github.com",
                                                                "ssh.github.com",
                                                                "gist.github.com",
                                                                "gitlab.com",
                                                                "altssh.gitlab.com",
                                                                "codeberg.org",
                                                                "sr.ht",
                                                                "git.sr.ht",
                                                                "hg.sr.ht",
                                                                "bitbucket.org",
                                                                "altssh.bitbucket.org",
                                                                "git.savannah.gnu.org",
                                                                "git.savannah.nongnu.org",
                                                                "gitlab.gnome.org",
                                                                "gitlab.freedesktop.org",
                                                                "invent.kde.org",
                                                                "salsa.debian.org",
                                                                "git.kernel.org",
                                                                "framagit.org",
                                                                "notabug.org",
                                                                "pagure.io",
                                                                "opendev.org",
                                                                "git.launchpad.net",
                                                                "git.code.sf.net",
                                                                "gitee.com",
                                                                "android.googlesource.com",
                                                                "chromium.googlesource.com",
                                                                "go.googlesource.com"});

constexpr std::string_view local_host = "local";   // of a remote that is a path (identity.h)
constexpr std::size_t identified_percent_min = 90; // of the sources, where no licence stands at the top

bool has_remote(const RepositoryFacts& facts) { return !facts.remote_host.empty() && facts.remote_host != local_host; }

// Under open licences alone, as far as its files say.
bool is_licensed_openly(const RepositoryFacts& facts) {
    if (facts.other_licences.count + facts.other_identifiers.count > 0) return false;
    if (facts.open_licences.count > 0) return true;
    return facts.sources > 0 && facts.sources_open * 100 >= facts.sources * identified_percent_min;
}

std::string share_of_sources(const RepositoryFacts& facts) {
    if (facts.sources_open == 0) return {};
    return fmt::format("; {} of {} source files name one", facts.sources_open, facts.sources);
}

// Strictest first; of equal ones the first that was weighed.
void add(std::vector<Reason>& reasons, Reason reason) {
    reasons.insert(std::ranges::upper_bound(reasons, reason.at_least, std::greater{}, &Reason::at_least),
                   std::move(reason));
}

// What speaks for open source, or why it does not suffice.
void weigh_licences(const RepositoryFacts& facts, std::vector<Reason>& reasons) {
    if (facts.other_licences.count > 0)
        add(reasons, {ProposedClass::internal, "a licence at its top is no open one, or none that is known",
                      facts.other_licences});
    if (facts.other_identifiers.count > 0)
        add(reasons, {ProposedClass::internal,
                      fmt::format("{} files name a licence that is no open one", facts.other_identifiers.count),
                      facts.other_identifiers});
    if (!is_licensed_openly(facts)) return;
    const Sightings& evidence = facts.open_licences.count > 0 ? facts.open_licences : facts.open_identifiers;
    if (is_public_forge(facts.remote_host))
        add(reasons, {ProposedClass::open_source,
                      fmt::format("it is under an open licence{}, and its remote is at the public forge {}",
                                  share_of_sources(facts), facts.remote_host),
                      evidence});
    else
        add(reasons,
            {ProposedClass::internal,
             fmt::format("it is under an open licence{}, but has no remote at a public forge", share_of_sources(facts)),
             evidence});
}

void weigh_notices(const RepositoryFacts& facts, std::vector<Reason>& reasons) {
    if (facts.trade_secret_notices.count > 0)
        add(reasons, {ProposedClass::trade_secret,
                      fmt::format("{} of {} files say that they are a trade secret or strictly confidential",
                                  facts.trade_secret_notices.count, facts.files),
                      facts.trade_secret_notices});
    if (facts.proprietary_notices.count > 0)
        add(reasons, {ProposedClass::internal,
                      fmt::format("{} of {} files say that they are proprietary or confidential",
                                  facts.proprietary_notices.count, facts.files),
                      facts.proprietary_notices});
}

void weigh_contents(const RepositoryFacts& facts, std::vector<Reason>& reasons) {
    for (const auto& [secrets, confidence] :
         {std::pair(&facts.sure_secrets, "high"), std::pair(&facts.likely_secrets, "medium")})
        if (secrets->count > 0)
            add(reasons,
                {ProposedClass::secret_bearing,
                 fmt::format("secrets were found in {} places (confidence {})", secrets->count, confidence), *secrets});
    if (facts.customers.count > 0)
        add(reasons, {ProposedClass::customer, fmt::format("customers are named in {} places", facts.customers.count),
                      facts.customers});
}

} // namespace

bool is_public_forge(std::string_view host) { return std::ranges::find(public_forges, host) != public_forges.end(); }

void look_at_file(std::string_view path, std::string_view text, RepositoryFacts& facts) {
    ++facts.files;
    if (is_licence_file(path)) {
        const auto licence = licence_of(text);
        if (licence && licence->is_open) return facts.open_licences.add(path, 0, licence->name);
        facts.other_licences.add(path, 0, licence ? licence->name : "unknown");
    }
    const bool is_source = is_source_file(path);
    if (is_source) ++facts.sources;
    if (const auto identifier = identifier_of(text)) {
        (identifier->is_open ? facts.open_identifiers : facts.other_identifiers)
            .add(path, identifier->line, identifier->expression);
        if (identifier->is_open && is_source) ++facts.sources_open;
    }
    if (const auto notice = notice_of(text))
        (notice->is_trade_secret ? facts.trade_secret_notices : facts.proprietary_notices)
            .add(path, notice->line, notice->phrase);
}

Proposal propose(const RepositoryFacts& facts) {
    Proposal proposal;
    weigh_licences(facts, proposal.reasons);
    weigh_notices(facts, proposal.reasons);
    weigh_contents(facts, proposal.reasons);
    if (has_remote(facts) && !is_public_forge(facts.remote_host))
        add(proposal.reasons,
            {ProposedClass::internal,
             fmt::format("its remote is at {}, which is no public forge that is known here", facts.remote_host),
             {}});
    if (proposal.reasons.empty())
        add(proposal.reasons, {ProposedClass::internal,
                               fmt::format("nothing was found that tells its class, in {} files", facts.files),
                               {}});
    proposal.cls = proposal.reasons.front().at_least;
    return proposal;
}

} // namespace sallyport::repo
