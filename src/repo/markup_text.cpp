#include "repo/markup_text.h"

#include "base/limits.h"
#include "repo/xml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace sallyport::repo {

namespace {

// Names of Office Open XML are compared without their prefix: producers choose it.
std::string_view local(std::string_view name) { return name.substr(name.find(':') + 1); }

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
}

// Lines under way, each in the one before it; what ends goes out first.
class Lines {
public:
    explicit Lines(std::string& out) : out_(out) {}

    void open() { under_way_.emplace_back(); }
    void add(std::string_view text) {
        if (under_way_.empty()) return;
        under_way_.back() += text;
        bytes_ += text.size();
    }
    void close() {
        if (under_way_.empty()) return;
        const std::string& line = under_way_.back();
        if (line.find_first_not_of(" \t\n") != std::string::npos) (out_ += line) += '\n';
        bytes_ -= line.size();
        under_way_.pop_back();
    }
    bool is_full() const { return out_.size() + bytes_ > limits::index_document_bytes_max; }

private:
    std::string& out_;
    std::vector<std::string> under_way_;
    std::size_t bytes_ = 0; // of those under way
};

// What stands within some elements is not looked at.
class Skipping : public XmlEvents {
public:
    void start(std::string_view name, const XmlAttributes& attributes) final {
        if (depth_ > 0 || is_skipped(name))
            ++depth_;
        else
            shown_start(name, attributes);
    }
    void end(std::string_view name) final {
        if (depth_ > 0)
            --depth_;
        else
            shown_end(name);
    }
    void text(std::string_view piece) final {
        if (depth_ == 0) shown_text(piece);
    }

private:
    virtual bool is_skipped(std::string_view name) const = 0;
    virtual void shown_start(std::string_view name, const XmlAttributes& attributes) = 0;
    virtual void shown_end(std::string_view name) = 0;
    virtual void shown_text(std::string_view piece) = 0;

    std::size_t depth_ = 0;
};

class Paragraphs : public Skipping {
public:
    explicit Paragraphs(std::string& out) : lines_(out) {}
    bool is_full() const override { return lines_.is_full(); }

private:
    // Properties hold tab stops; a fallback repeats what stands beside it; the text of comments in Excel has no paragraphs.
    bool is_skipped(std::string_view name) const override {
        static constexpr auto skipped = std::to_array<std::string_view>({"pPr", "Fallback", "moveFrom", "rPh"});
        return is_one_of(local(name), skipped);
    }
    static bool is_line(std::string_view name) { return name == "p" || name == "text"; }

    void shown_start(std::string_view name, const XmlAttributes&) override {
        name = local(name);
        in_text_ = name == "t";
        if (is_line(name)) lines_.open();
        if (name == "tab" || name == "ptab") lines_.add("\t");
        if (name == "br" || name == "cr") lines_.add("\n");
        if (name == "noBreakHyphen") lines_.add("-");
    }
    void shown_end(std::string_view name) override {
        in_text_ = false; // a text holds no elements
        if (is_line(local(name))) lines_.close();
    }
    void shown_text(std::string_view piece) override {
        if (in_text_) lines_.add(piece);
    }

    Lines lines_;
    bool in_text_ = false;
};

// Names of OpenDocument are compared with the prefix that everybody writes: text:title is shown, svg:title is not.
class OpenDocument : public Skipping {
public:
    explicit OpenDocument(std::string& out) : lines_(out) {}
    bool is_full() const override { return lines_.is_full(); }

private:
    bool is_skipped(std::string_view name) const override {
        static constexpr auto skipped =
            std::to_array<std::string_view>({"text:tracked-changes", "table:tracked-changes", "dc:creator", "dc:date",
                                             "svg:title", "svg:desc", "office:binary-data"});
        return is_one_of(name, skipped);
    }
    static bool is_paragraph(std::string_view name) { return name == "text:p" || name == "text:h"; }
    bool is_row(std::string_view name) const { return is_spreadsheet_ && name == "table:table-row"; }

    void shown_start(std::string_view name, const XmlAttributes& attributes) override {
        if (name == "office:spreadsheet") is_spreadsheet_ = true;
        if (is_row(name)) {
            lines_.open();
            is_first_ = true;
            ++rows_;
        } else if (is_paragraph(name)) {
            ++paragraphs_;
            if (rows_ == 0) lines_.open();
            if (rows_ > 0 && !is_first_) lines_.add("\t");
            is_first_ = false;
        }
        if (paragraphs_ == 0) return;
        if (name == "text:tab") lines_.add("\t");
        if (name == "text:line-break") lines_.add("\n");
        if (name == "text:s") add_spaces(attributes.find("text:c"));
    }
    void shown_end(std::string_view name) override {
        if (is_row(name)) {
            lines_.close();
            --rows_;
        } else if (is_paragraph(name)) {
            --paragraphs_;
            if (rows_ == 0) lines_.close();
        }
    }
    void shown_text(std::string_view piece) override {
        if (paragraphs_ > 0) lines_.add(piece);
    }
    void add_spaces(std::string_view count) {
        constexpr unsigned spaces_max = 1'000; // wider than any page
        unsigned spaces = 1;
        std::from_chars(count.data(), count.data() + count.size(), spaces);
        lines_.add(std::string(std::min(spaces, spaces_max), ' '));
    }

    Lines lines_;
    bool is_spreadsheet_ = false, is_first_ = true;
    std::size_t rows_ = 0, paragraphs_ = 0;
};

// Texts of the strings of Excel: of a string's runs, not of how it is read aloud.
class Strings : public Skipping {
public:
    explicit Strings(SharedStrings& out) : out_(out) {}
    bool is_full() const override { return false; } // no longer than the part

private:
    bool is_skipped(std::string_view name) const override { return local(name) == "rPh"; }
    void shown_start(std::string_view name, const XmlAttributes&) override { in_text_ = local(name) == "t"; }
    void shown_end(std::string_view name) override {
        in_text_ = false;
        if (local(name) == "si") out_.ends.push_back(static_cast<std::uint32_t>(out_.text.size()));
    }
    void shown_text(std::string_view piece) override {
        if (in_text_) out_.text += piece;
    }

    SharedStrings& out_;
    bool in_text_ = false;
};

class Sheet : public Skipping {
public:
    Sheet(const SharedStrings& strings, std::string& out) : strings_(strings), lines_(out) {}
    bool is_full() const override { return lines_.is_full(); }

private:
    bool is_skipped(std::string_view name) const override { return local(name) == "rPh" || local(name) == "f"; }
    void shown_start(std::string_view name, const XmlAttributes& attributes) override {
        name = local(name);
        in_value_ = name == "v" || name == "t";
        if (name == "row") {
            lines_.open();
            is_first_ = true;
        } else if (name == "c") {
            is_shared_ = attributes.find("t") == "s";
            value_.clear();
        }
    }
    void shown_end(std::string_view name) override {
        in_value_ = false;
        name = local(name);
        if (name == "row") lines_.close();
        if (name != "c" || value_.empty()) return;
        if (!is_first_) lines_.add("\t");
        is_first_ = false;
        lines_.add(is_shared_ ? shared() : std::string_view(value_));
    }
    void shown_text(std::string_view piece) override {
        if (in_value_) value_ += piece;
    }
    std::string_view shared() const {
        std::size_t number = 0;
        const char* const end = value_.data() + value_.size();
        const auto [stop, code] = std::from_chars(value_.data(), end, number);
        return code == std::errc() && stop == end ? strings_.at(number) : std::string_view();
    }

    const SharedStrings& strings_;
    Lines lines_;
    std::string value_;
    bool in_value_ = false, is_shared_ = false, is_first_ = true;
};

} // namespace

OrLeftOut<void> add_paragraphs(std::string_view xml, std::string& out) {
    Paragraphs events(out);
    return parse_xml(xml, events);
}

OrLeftOut<void> add_open_document(std::string_view xml, std::string& out) {
    OpenDocument events(out);
    return parse_xml(xml, events);
}

std::string_view SharedStrings::at(std::size_t number) const {
    if (number >= ends.size()) return {};
    const std::size_t begin = number == 0 ? 0 : ends[number - 1];
    return std::string_view(text).substr(begin, ends[number] - begin);
}

OrLeftOut<void> add_shared_strings(std::string_view xml, SharedStrings& out) {
    Strings events(out);
    return parse_xml(xml, events);
}

OrLeftOut<void> add_sheet(std::string_view xml, const SharedStrings& strings, std::string& out) {
    Sheet events(strings, out);
    return parse_xml(xml, events);
}

} // namespace sallyport::repo
