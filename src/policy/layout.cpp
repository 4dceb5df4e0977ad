#include "policy/layout.h"

#include "policy/scalars.h"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

namespace sallyport::policy {

namespace {

constexpr int step = 2; // columns from a level to the one inside it

// "#text" as "# text"; rulers of '#' and "#!" stay.
std::string spaced_comment(std::string_view raw) {
    raw = raw.substr(0, raw.find_last_not_of(" \t\r") + 1);
    const bool has_space = raw.size() < 2 || is_blank(raw[1]) || raw[1] == '#' || raw[1] == '!';
    return has_space ? std::string(raw) : "# " + std::string(raw.substr(1));
}

// Goes through the text once and writes it anew. Columns count from 0 here. Throws NotLaidOut, which lay_out() catches.
class Layout {
public:
    explicit Layout(std::string_view text) : text_(text) {}

    std::string run() {
        while (at_ < text_.size()) line();
        while (!waiting_.empty() && waiting_.back().comment.empty()) waiting_.pop_back();
        write_waiting({.was = 0, .now = 0});
        return std::move(out_);
    }

private:
    // A mapping or list in block form that is open: its column before and now.
    struct Level {
        int was = 0;
        int now = 0;
        bool is_list = false;
    };
    // A line that takes its column from what follows: a comment, or an empty line.
    struct Waiting {
        int column = 0;
        std::string comment{};
    };
    // A text behind '|' or '>': the lines below its header.
    struct Body {
        bool keeps_end = false;
        int indentation = 0; // stated behind the sign; 0: that of its first line
    };

    // --- Lines in block form.
    void line() {
        line_start_ = at_;
        const auto begin = text_.find_first_not_of(" \t\r", at_);
        if (begin == std::string_view::npos) {
            at_ = text_.size();
        } else if (text_[begin] == '\n') {
            waiting_.push_back({});
            at_ = begin + 1;
        } else if (text_[begin] == '#') {
            waiting_.push_back({column_of(begin), spaced_comment(text_.substr(begin, line_end(text_, begin) - begin))});
            at_ = line_end(text_, begin) + 1;
        } else {
            at_ = begin;
            is_document_marker(text_, at_) ? marker() : node();
            end_line();
            if (body_) body();
        }
    }
    void marker() {
        levels_.clear();
        begin_line(0, 0);
        copy(at_ + 3);
        skip_blanks();
        if (!at_line_end()) refuse("the document begins beside '---'; put it on a line of its own");
    }

    // What stands at at_: list items, then a key, then a value.
    void node() {
        bool is_first = true;
        while (true) {
            const int column = column_of(at_);
            if (text_[at_] == '?' && ends_word(text_, at_ + 1))
                refuse("a key behind '?' is not laid out; write 'key: value'");
            if (text_[at_] == '-' && ends_word(text_, at_ + 1)) {
                if (entry(column, true, is_first, at_ + 1)) return;
                is_first = false;
            } else if (const auto colon = colon_of_key(text_, at_); colon != std::string_view::npos) {
                if (!entry(column, false, is_first, colon)) value(levels_.back().now);
                return;
            } else {
                return lone_value(column, is_first);
            }
        }
    }
    // The '-' or the key that ends at `end`, in its level. Whether nothing else is on the line.
    bool entry(int column, bool is_list, bool is_first, std::size_t end) {
        const auto open = is_first && !waiting_.empty() ? levels_ : std::vector<Level>();
        const int now = enter(column, is_list);
        if (is_first) begin_line(column, now, open);
        copy(end);
        out_.erase(out_.find_last_not_of(" \t") + 1); // "key :"
        if (!is_list) copy(end + 1);
        skip_blanks();
        if (at_line_end()) return true;
        out_ += ' ';
        return false;
    }
    // The level of an entry at this column: one that is open, or a new one inside the last. A list may stand at the column of
    // its key.
    int enter(int column, bool is_list) {
        close_beyond(column);
        if (!levels_.empty() && levels_.back().was == column && levels_.back().is_list && !is_list) levels_.pop_back();
        if (levels_.empty() || levels_.back().was < column || levels_.back().is_list != is_list)
            levels_.push_back({column, inner_column(), is_list});
        return levels_.back().now;
    }
    void close_beyond(int column) {
        while (!levels_.empty() && levels_.back().was > column) levels_.pop_back();
    }
    int outer_column() const { return levels_.empty() ? -1 : levels_.back().was; }
    int inner_column() const { return levels_.empty() ? 0 : levels_.back().now + step; }
    // How far the innermost level moves, and with it the further lines of its values.
    int moved() const { return levels_.empty() ? 0 : levels_.back().now - levels_.back().was; }

    // A value behind "- " or on a line of its own.
    void lone_value(int column, bool is_first) {
        if (!is_first) return value(inner_column());
        const auto open = levels_;
        close_beyond(column - 1);
        const int now = inner_column();
        begin_line(column, now, open);
        value(now, now - column);
    }
    void value(int base) { value(base, moved()); }
    void value(int base, int shift) {
        const char c = text_[at_];
        if (c == '|' || c == '>')
            header();
        else if (opens_flow(c))
            flow(base);
        else
            scalar(scalar_end(false), shift);
    }
    void end_line() {
        skip_blanks();
        if (!at_line_end()) refuse("what follows here belongs to nothing before it; write it in a plainer form");
        if (at_ < text_.size() && text_[at_] == '#') {
            out_ += "  " + spaced_comment(text_.substr(at_, line_end(text_, at_) - at_));
            at_ = line_end(text_, at_);
        }
        out_ += '\n';
        at_ = std::min(at_ + 1, text_.size());
    }

    // --- Comments and empty lines.
    void begin_line(int was, int now, std::vector<Level> open = {}) {
        open.push_back({.was = was, .now = now});
        write_waiting(open.back(), open);
        out_.append(static_cast<std::size_t>(now), ' ');
    }
    void write_waiting(Level next) { write_waiting(next, levels_); }
    void write_waiting(Level next, std::span<const Level> open) {
        for (const auto& one : waiting_) {
            if (one.comment.empty()) {
                if (!out_.empty() && !out_.ends_with("\n\n")) out_ += '\n';
                continue;
            }
            out_.append(static_cast<std::size_t>(column_of_comment(one.column, next, open)), ' ');
            out_ += one.comment + '\n';
        }
        waiting_.clear();
    }
    // A comment belongs to the line below it where it stood at its column, else to the innermost level that it was in.
    static int column_of_comment(int column, const Level& next, std::span<const Level> open) {
        if (column == next.was) return next.now;
        int was = -1, now = 0;
        for (const auto& level : open)
            if (level.was <= column && level.was >= was) was = level.was, now = level.now;
        return now;
    }

    // --- Values.
    std::size_t scalar_end(bool in_flow) const {
        const char c = text_[at_];
        if (c == '&' || c == '*' || c == '!') refuse("anchors, aliases and tags are not laid out; take them out");
        const auto end = is_quote(c) ? quoted_end(text_, at_) : plain_end(text_, at_, in_flow, outer_column());
        if (end == std::string_view::npos) refuse("this quote is never closed");
        if (end <= at_) refuse("this value is not laid out; put quotes around it");
        return end;
    }
    // Up to `end`, byte for byte; further lines move by `shift`, but stay inside their level.
    void scalar(std::size_t end, int shift) {
        const int least = levels_.empty() ? 0 : levels_.back().now + 1;
        while (at_ < end) {
            const auto next = std::min(text_.find('\n', at_), end);
            copy(std::min(next + 1, end));
            if (next == end) return;
            const auto begin = std::min(text_.find_first_not_of(' ', at_), end);
            if (begin == end || text_[begin] == '\n') continue;
            out_.append(static_cast<std::size_t>(std::max(static_cast<int>(begin - at_) + shift, least)), ' ');
            at_ = begin;
        }
    }

    // "|", ">-", "|2+": the body follows when the line is ended.
    void header() {
        body_ = Body{};
        const auto end = std::min(text_.find_first_of(" \t\r\n#", at_), text_.size());
        for (const char c : text_.substr(at_, end - at_)) {
            if (c >= '1' && c <= '9') body_->indentation = c - '0';
            if (c == '+') body_->keeps_end = true;
        }
        copy(end);
    }
    // Byte for byte, moved with the level that holds it.
    void body() {
        const int outer = outer_column(), shift = moved();
        int indentation = body_->indentation == 0 ? 0 : std::max(outer, 0) + body_->indentation;
        const bool keeps_end = body_->keeps_end;
        body_.reset();
        std::size_t end = at_; // behind the last line that belongs to it
        for (auto i = at_; i < text_.size();) {
            const auto begin = std::min(text_.find_first_not_of(' ', i), text_.size()), stop = line_end(text_, i);
            const int spaces = static_cast<int>(std::min(begin, stop) - i);
            const bool is_empty = begin >= stop;
            if (!is_empty && indentation == 0) indentation = spaces;
            if (!is_empty && (spaces < indentation || spaces <= outer)) break;
            i = std::min(stop + 1, text_.size());
            if (!is_empty || keeps_end || (indentation > 0 && spaces > indentation)) end = i;
        }
        while (at_ < end) {
            const auto begin = std::min(text_.find_first_not_of(' ', at_), text_.size()), stop = line_end(text_, at_);
            const int spaces = static_cast<int>(std::min(begin, stop) - at_);
            out_.append(static_cast<std::size_t>(spaces == 0 ? 0 : std::max(spaces + shift, 0)), ' ');
            at_ = std::min(begin, stop);
            copy(stop);
            out_ += '\n';
            at_ = std::min(stop + 1, text_.size());
        }
    }

    // --- {…} and […], over as many lines as they have.
    void flow(int base) {
        int depth = 0;
        char last = ' ';
        bool is_new_line = false;
        do {
            skip_blanks();
            if (at_ >= text_.size()) refuse("this list or mapping is never closed");
            const char c = text_[at_];
            if (c == '\n') {
                break_line();
                is_new_line = true;
                continue;
            }
            if (is_new_line)
                out_.append(static_cast<std::size_t>(column_in_flow(base, depth)), ' ');
            else
                out_ += c == '#' ? "  " : between(last, c);
            is_new_line = false;
            last = piece(c, last);
            depth += opens_flow(c) ? 1 : closes_flow(c) ? -1 : 0;
        } while (depth > 0);
    }
    // Writes what stands at at_; returns what it was: its character, or 'a' for a text.
    char piece(char c, char last) {
        if (c == '?' && ends_word(text_, at_ + 1)) refuse("a key behind '?' is not laid out; write 'key: value'");
        if (c == '#') {
            out_ += spaced_comment(text_.substr(at_, line_end(text_, at_) - at_));
            at_ = line_end(text_, at_);
            return last;
        }
        const bool is_colon = c == ':' && (ends_key(text_, at_, true) || is_quote(last) || closes_flow(last));
        if (opens_flow(c) || closes_flow(c) || c == ',' || is_colon) {
            copy(at_ + 1);
            return c;
        }
        scalar(scalar_end(true), moved());
        return is_quote(c) ? c : 'a';
    }
    static std::string_view between(char last, char next) {
        if (last == ' ' || last == '[' || next == ':') return "";
        if (last == ':') return " ";
        if (next == ',' || next == ']' || (last == '{' && next == '}')) return "";
        return " ";
    }
    void break_line() {
        out_.erase(out_.find_last_not_of(' ') + 1);
        const auto next = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
        out_ += std::ranges::count(text_.substr(at_, next - at_), '\n') > 1 ? "\n\n" : "\n";
        at_ = next;
    }
    // Of a line inside: a step for each bracket that is open, but those that close at its beginning; always inside the level.
    int column_in_flow(int base, int depth) const {
        for (auto i = at_; i < text_.size() && (closes_flow(text_[i]) || is_blank(text_[i])); ++i)
            if (closes_flow(text_[i])) --depth;
        return std::max(base + step * depth, inner_column());
    }

    // --- Characters.
    bool at_line_end() const { return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '#'; }
    int column_of(std::size_t at) const { return static_cast<int>(at - line_start_); }
    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }
    void copy(std::size_t end) {
        out_ += text_.substr(at_, end - at_);
        at_ = end;
    }
    [[noreturn]] void refuse(std::string sentence) const {
        const auto before = text_.substr(0, at_);
        const auto start = before.rfind('\n') + 1; // npos + 1 is 0
        throw NotLaidOut{{1 + static_cast<int>(std::ranges::count(before, '\n')), 1 + static_cast<int>(at_ - start)},
                         std::move(sentence)};
    }

    std::string_view text_;
    std::string out_;
    std::size_t at_ = 0;
    std::size_t line_start_ = 0;
    std::vector<Level> levels_;
    std::vector<Waiting> waiting_;
    std::optional<Body> body_;
};

} // namespace

std::expected<std::string, NotLaidOut> lay_out(std::string_view text) {
    try {
        return Layout(text).run();
    } catch (NotLaidOut& reason) {
        return std::unexpected(std::move(reason));
    }
}

} // namespace sallyport::policy
