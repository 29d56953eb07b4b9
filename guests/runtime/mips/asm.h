/* The two widths of MIPS in one source. */
#ifndef ASM_H
#define ASM_H

#define INDEX $0
#define BADVADDR $8
#define STATUS $12
#define CAUSE $13
#define EPC $14

#define STATUS_IE 1
#define STATUS_BEV 0x400000
#define STATUS_CU1 0x20000000
#define STATUS_IM 0x8c00 /* lines 2 (external), 3 (software), 7 (timer) */

#ifdef __mips64
#define WORD 8
#define SAVE sd
#define LOAD ld
#define ADDIU daddiu
#define FROM dmfc0
#define TO dmtc0
#else
#define WORD 4
#define SAVE sw
#define LOAD lw
#define ADDIU addiu
#define FROM mfc0
#define TO mtc0
#endif

#endif
