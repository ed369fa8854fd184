/*
 * Runs single instructions on the processor of this computer. Reads records from standard input, writes as many back.
 * The instruction sees EDI (as RDI) pointing at 256 bytes of memory that belong to its record.
 *
 * Record, little-endian:
 *   0 code (16)   16 length (in), trap or -1 (out)   20 flags   24 eax ecx edx ebx esp ebp esi edi (4 each)
 *   64 FXSAVE image (512)   576 memory (256)
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

struct record {
  uint8_t code[16];
  int32_t trap;
  uint32_t flags;
  uint32_t registers[8];
  uint8_t pad[8];
  uint8_t fx[512];
  uint8_t memory[256];
} __attribute__((aligned(64)));

static struct record in, out;
static uint8_t memory[512] __attribute__((aligned(512)));
static sigjmp_buf back;

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *c = context;
  memcpy(out.fx, c->uc_mcontext.fpregs, 512);
  out.trap = number == SIGFPE ? (c->uc_mcontext.gregs[REG_TRAPNO]) : number == SIGILL ? 6 : 13;
  siglongjmp(back, 1);
}

static void execute(void *code) {
  register struct record *source asm("r12") = &in;
  register void *target asm("r13") = code;
  register struct record *result asm("r14") = &out;
  register uint8_t *data asm("r15") = memory;
  asm volatile(
      "push %%rbx\n push %%rbp\n"
      "fxrstor 64(%%r12)\n"
      "mov 20(%%r12), %%eax\n push %%rax\n popfq\n"
      "mov 24(%%r12), %%eax\n mov 28(%%r12), %%ecx\n mov 32(%%r12), %%edx\n mov 36(%%r12), %%ebx\n mov 48(%%r12), %%esi\n"
      "mov %%r15, %%rdi\n"
      "call *%%r13\n"
      "mov %%eax, 24(%%r14)\n mov %%ecx, 28(%%r14)\n mov %%edx, 32(%%r14)\n mov %%ebx, 36(%%r14)\n mov %%esi, 48(%%r14)\n"
      "pushfq\n pop %%rax\n mov %%eax, 20(%%r14)\n cld\n"
      "fxsave 64(%%r14)\n"
      "fninit\n pushq $0x1f80\n ldmxcsr (%%rsp)\n pop %%rax\n"
      "pop %%rbp\n pop %%rbx\n"
      :
      : "r"(source), "r"(target), "r"(result), "r"(data)
      : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
}

int main(void) {
  uint8_t *code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGFPE, &action, 0);
  sigaction(SIGILL, &action, 0);
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  while (fread(&in, sizeof in, 1, stdin) == 1) {
    memcpy(code, in.code, in.trap);
    code[in.trap] = 0xc3;
    memcpy(memory, in.memory, 256);
    out = in;
    out.trap = -1;
    if (!sigsetjmp(back, 1)) execute(code);
    memcpy(out.memory, memory, 256);
    fwrite(&out, sizeof out, 1, stdout);
  }
  return 0;
}
