"""Generated code is compiled, grouped, and not trusted."""

import pytest

import compiled

PROMPT = "int f(int n) {"


def test_comments_and_names_do_not_matter():
    groups = compiled.Groups(PROMPT, [
        "\n    return n + 1;\n}\n", "\n    // one more\n    return n + 1;\n}\n",
        "\n\n    return (n + 1);\n}\n", "\n    return n + 2;\n}\n",
        "\n    return n + ;\n}\n"])
    assert (groups.samples, groups.texts, groups.compiled) == (5, 5, 4)
    assert groups.sizes == [3, 1]
    assert groups.top(1) == 0.75 and groups.top(3) == 1


@pytest.mark.parametrize("hostile", [
    "\n#include \"/etc/passwd\"\n return n; }",
    "\n%:include \"/etc/passwd\"\n return n; }",
    "\n??=include \"/etc/passwd\"\n return n; }",
    "\n asm(\".incbin \\\"/etc/passwd\\\"\"); return n; }",
    "\n __asm__(\"nop\"); return n; }",
    "\n a\\\nsm(\"nop\"); return n; }",
    " return n; }" + "(" * 5000000])
def test_what_could_reach_a_file_is_refused(hostile):
    assert compiled.assembly(PROMPT, hostile) is None


def test_escaped_zero_and_hash_free_text_pass():
    assert compiled.assembly("int f(const char *s) {",
                             "\n    return *s == '\\0';\n}\n")
