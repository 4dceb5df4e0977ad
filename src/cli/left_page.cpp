#include "cli/left_page.h"

#include "base/clock.h"
#include "cli/page.h"
#include "cli/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace sallyport::cli {

namespace {

std::string day_of(std::int64_t at_ms) { return rfc3339(at_ms).substr(0, 10); }

using Rows = std::vector<const ledger::FileRow*>;
struct File {
    Rows rows;
    Rows apart; // of each the lines that left together
};
struct Folder {
    std::map<std::string, Folder> folders;
    std::map<std::string, File> files;
    std::size_t count = 0; // files in and below it
};

File& file_of(Folder& root, const ledger::FileRow& row) {
    Folder* at = &root;
    std::string_view path = row.file;
    while (path.starts_with('/')) path.remove_prefix(1);
    for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
        at = &at->folders[std::string(path.substr(0, slash))];
        path.remove_prefix(slash + 1);
    }
    return at->files[std::string(path)];
}

std::size_t count_files(Folder& folder) {
    folder.count = folder.files.size();
    for (auto& [name, below] : folder.folders) folder.count += count_files(below);
    return folder.count;
}

// How often each line left: pieces of [first, last] with a count.
void strip(const Rows& rows, std::string& out) {
    std::map<std::uint32_t, std::int64_t> changes;
    for (const ledger::FileRow* row : rows)
        for (const auto& [first, last] : line_ranges(row->lines)) {
            changes[first] += row->count;
            changes[last + 1] -= row->count;
        }
    if (changes.empty()) return;
    const double lines = static_cast<double>(changes.rbegin()->first) - 1;
    std::int64_t most = 1, depth = 0;
    for (const auto& [at, change] : changes) most = std::max(most, depth += change);
    out += "<div class=\"strip\" role=\"img\" aria-label=\"lines that left\">";
    depth = 0;
    for (auto at = changes.begin(); at != changes.end(); ++at) {
        depth += at->second;
        const auto next = std::next(at);
        if (depth == 0 || next == changes.end()) continue;
        const double share = 0.35 + 0.65 * static_cast<double>(depth) / static_cast<double>(most);
        out += fmt::format("<i style=\"left:{:.3f}%;width:{:.3f}%;background:rgb(200 60 30/{:.2f})\" title=\"lines "
                           "{}-{}: {} times\"></i>",
                           100.0 * (at->first - 1) / lines, 100.0 * (next->first - at->first) / lines, share, at->first,
                           next->first - 1, depth);
    }
    out += "</div>";
}

void file(const std::string& name, const File& of, std::string& out) {
    out += "<div class=\"file\"><span class=\"name\">" + markup(name) + "</span>";
    strip(of.apart, out);
    out += "<table><tr><th>lines<th>to<th>model<th>by<th>rule<th>times<th>first<th>last<th>how known</tr>";
    for (const ledger::FileRow* row : of.rows)
        out +=
            fmt::format("<tr><td class=\"n\">{}<td>{}{}<td>{}<td>{}, {} {}<td>{}<td class=\"n\">{}<td "
                        "class=\"n\">{}<td class=\"n\">{}<td>{}</tr>",
                        row->lines.empty() ? "not told" : markup(row->lines),
                        markup(row->vendor.empty() ? row->upstream : row->vendor),
                        row->account.empty() ? "" : " (" + markup(row->account) + ")", markup(row->model),
                        markup(row->client), row->persons, row->persons == 1 ? "person" : "persons", markup(row->rule),
                        row->count, day_of(row->first_ms), day_of(row->last_ms), ledger::how_known(*row));
    out += "</table></div>";
}

void folder(const Folder& at, std::string& out) {
    for (const auto& [name, below] : at.folders) {
        out += fmt::format(
            "<details open><summary><span class=\"name\">{}/</span> <span class=\"dim\">{}</span></summary>",
            markup(name), below.count);
        folder(below, out);
        out += "</details>";
    }
    for (const auto& [name, of] : at.files) file(name, of, out);
}

} // namespace

std::string left_page(std::span<const ledger::FileRow> rows, std::span<const ledger::FileRow> apart,
                      const std::string& title) {
    std::map<std::string, Folder> repositories;
    std::map<std::string, std::string> classes;
    std::set<std::string> vendors;
    std::set<std::pair<std::string, std::string>> files, verified;
    for (const ledger::FileRow& row : rows) {
        file_of(repositories[row.repository], row).rows.push_back(&row);
        classes[row.repository] = row.effective_class;
        vendors.insert(row.vendor.empty() ? row.upstream : row.vendor);
        files.emplace(row.repository, row.file);
        if (row.how == "verified") verified.emplace(row.repository, row.file);
    }
    for (const ledger::FileRow& row : apart)
        if (row.how == "verified" && repositories.contains(row.repository))
            file_of(repositories[row.repository], row).apart.push_back(&row);
    std::string out = begin_page("What left");
    out += "<p>" + markup(title) + "</p>";
    out += fmt::format("<ul class=\"totals\"><li><b>{}</b>files<li><b>{}</b>of them by their "
                       "content<li><b>{}</b>repositories<li><b>{}</b>vendors</ul>",
                       files.size(), verified.size(), repositories.size(), vendors.size());
    out += "<p>Verified: the content was in a request, compared byte by byte with the indexed file. Named: a tool call "
           "in a request "
           "names the file, which is the client's word. A darker line left more often.</p>";
    for (auto& [name, root] : repositories) {
        count_files(root);
        out += fmt::format("<h2>{} <span class=\"tag\">{}</span></h2><details class=\"repo\" open><summary "
                           "class=\"dim\">{} {}</summary>",
                           name.empty() ? "repository not told" : markup(name), markup(classes[name]), root.count,
                           root.count == 1 ? "file" : "files");
        folder(root, out);
        out += "</details>";
    }
    if (rows.empty()) out += "<p>Nothing that was asked for is recorded.</p>";
    return out + "</html>\n";
}

} // namespace sallyport::cli
