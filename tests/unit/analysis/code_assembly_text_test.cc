#include <gmock/gmock.h>

#include "analysis/code/assembly_text.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;

// One test per rule of assembly-equivalence@1, in its order.

TEST(NormalizeAssemblyTest, CommentsAreDropped) {
  EXPECT_EQ(NormalizeAssembly("f:   # @f\n# %bb.0:\n\tret  # tmp82, x\n"
                              "#APP\n\tnop\n#NO_APP\n## BB#1\n// arm\n"),
            "f:\nret\nnop\n");
  EXPECT_EQ(NormalizeAssembly("\tmov w0, #1 // one\n"), "mov w0, #1\n");
}

TEST(NormalizeAssemblyTest, BlankLinesAndBlanksAreDropped) {
  EXPECT_EQ(NormalizeAssembly("\n \t\n\tmovl\t$0,  %eax \t\r\n\tret"),
            "movl $0, %eax\nret\n");
  EXPECT_EQ(NormalizeAssembly(""), "");
}

TEST(NormalizeAssemblyTest, StringsStay) {
  EXPECT_EQ(
      NormalizeAssembly("\t.string\t\"a  # b;  // \\\" .L7 \\\\\"  # c\n"),
      ".string \"a  # b;  // \\\" .L7 \\\\\"\n");
  EXPECT_NE(NormalizeAssembly("\t.string \"a b\"\n"),
            NormalizeAssembly("\t.string \"a  b\"\n"));
  EXPECT_EQ(NormalizeAssembly("\t.ascii \"no end\\"), ".ascii \"no end\\\n");
}

TEST(NormalizeAssemblyTest, NamesOfFilesAndCompilerAreDropped) {
  EXPECT_EQ(NormalizeAssembly("\t.file\t\"a.c\"\n\t.file 1 \"a.c\"\n"
                              "\t.loc 1 3 5 is_stmt 0\n\tret\n"
                              "\t.ident\t\"GCC: (Debian) 12\"\n"),
            "ret\n");
}

TEST(NormalizeAssemblyTest, NotesToTheLinkerAreDropped) {
  EXPECT_EQ(
      NormalizeAssembly("\tret\n\t.section\t.note.GNU-stack,\"\",@progbits\n"
                        "\t.section\t\".note.GNU-stack\",\"\",@progbits\n"
                        "\t.addrsig\n\t.addrsig_sym g\n"),
      "ret\n");
  EXPECT_EQ(NormalizeAssembly("\t.section\t.rodata\n"), ".section .rodata\n");
  EXPECT_EQ(NormalizeAssembly("\t.section\t.note.GNU-stack.a,\"aw\"\n"),
            ".section .note.GNU-stack.a,\"aw\"\n");
}

TEST(NormalizeAssemblyTest, UnwindTablesAreDropped) {
  EXPECT_EQ(NormalizeAssembly("\t.cfi_startproc\n\tpushq\t%rbp\n"
                              "\t.cfi_def_cfa_offset 16\n\t.cfi_endproc\n"),
            "pushq %rbp\n");
}

TEST(NormalizeAssemblyTest, LocalLabelsAreNumberedInOrder) {
  EXPECT_EQ(NormalizeAssembly("f:\n.LFB7:\n\tleaq\t.LC3(%rip), %rax\n"
                              "\tmovl\t$.LC3, %edi\n.L2:\n\tjmp\t.L2\n"
                              "\t.long\t.L9-.L2\n.LFE7:\n"),
            "f:\n.L1:\nleaq .L2(%rip), %rax\nmovl $.L2, %edi\n.L3:\njmp .L3\n"
            ".long .L4-.L3\n.L5:\n");
  EXPECT_EQ(NormalizeAssembly(".LBB0_1:\n\tjmp .LBB0_1\n\tlea .L.str.1\n"),
            ".L1:\njmp .L1\nlea .L2\n");
}

TEST(NormalizeAssemblyTest, DroppedLinesNumberNothing) {
  EXPECT_EQ(NormalizeAssembly("\t.cfi_lsda 0x1b,.LLSDA0\n# .L3\n.L5:\n"),
            ".L1:\n");
}

TEST(NormalizeAssemblyTest, SymbolsOfTheCodeKeepTheirNames) {
  EXPECT_EQ(NormalizeAssembly("\tcall\tputs@PLT\n\tmovl\tn.0(%rip), %eax\n"
                              "\tcall\tx.L1\n\tincl\tL1(%rip)\n"),
            "call puts@PLT\nmovl n.0(%rip), %eax\ncall x.L1\n"
            "incl L1(%rip)\n");
}

TEST(DropRemarksTest, LabelsKeepTheirNames) {
  EXPECT_EQ(DropRemarks("\t.file\t\"a.c\"\n.L7:\n\tjmp\t.L7  # again\n"),
            ".L7:\njmp .L7\n");
}

TEST(ParseFunctionsTest, InstructionsOfEachFunction) {
  const auto functions = ParseFunctions(
      "\t.text\n\t.globl f\n\t.type f, @function\nf:\n.LFB0:\n"
      "\t.cfi_startproc\n\tpushq %rbp\n\tjmp .L5\n"
      "\t.section .rodata\n.L6:\n\t.long .L5-.L6\n\t.text\n"
      ".L5:\n\tret\n\t.size f, .-f\n"
      "\t.type table, @object\ntable:\n\t.long 1\n\t.size table, 4\n"
      "\t.type g,@function\ng:   # @g\n\tjmp .L9\n\t.size g, .-g\n\tnop\n");
  ASSERT_EQ(functions.size(), 2u);
  EXPECT_EQ(functions[0].name, "f");
  std::vector<std::string> texts;
  for (const auto& one : functions[0].instructions) texts.push_back(one.text);
  EXPECT_THAT(texts, ElementsAre("pushq %rbp", "jmp .L1", "ret"));
  EXPECT_EQ(functions[1].name, "g");
  ASSERT_EQ(functions[1].instructions.size(), 1u);
  EXPECT_EQ(functions[1].instructions[0].text, "jmp .L1");
}

std::vector<uint32_t> LinesOf(std::string_view assembly) {
  std::vector<uint32_t> lines;
  for (const AssemblyFunction& function : ParseFunctions(assembly)) {
    for (const auto& one : function.instructions) lines.push_back(one.line);
  }
  return lines;
}

TEST(ParseFunctionsTest, LinesOfGcc) {
  EXPECT_THAT(LinesOf("\t.file \"code.c\"\n\t.file 0 \"/tmp\" \"code.c\"\n"
                      "\t.type f, @function\nf:\n\t.file 1 \"code.c\"\n"
                      "\t.loc 1 2 20\n\tpushq %rbp\n\t.loc 1 5 3\n\tnop\n"
                      "\t.file 2 \"/usr/include/x.h\"\n\t.loc 2 70 1\n\tnop\n"
                      "\t.loc 1 6 1 view .LVU3\n\tret\n\t.size f, .-f\n"
                      "\t.type g, @function\ng:\n\tnop\n\t.size g, .-g\n"),
              ElementsAre(2, 5, 0, 6, 0));
}

TEST(ParseFunctionsTest, LinesOfClang) {
  EXPECT_THAT(LinesOf("\t.file\t\"code.c\"\n"
                      "\t.file\t0 \"/tmp\" \"code.c\" md5 0xb42b\n"
                      "\t.type\tf,@function\nf:\n"
                      "\t.loc\t0 3 0   # code.c:3:0\n\tpushq %rbp\n"
                      "\t.loc\t0 0 15\n\tnop\n"),
              ElementsAre(3, 0));
}

TEST(ParseFunctionsTest, NoLinesWithoutDebugInformation) {
  EXPECT_THAT(LinesOf("\t.type f, @function\nf:\n\tret\n"), ElementsAre(0));
}

}  // namespace
}  // namespace moetap
