//go:build !purego

#include "textflag.h"

// How run looks at 32 bytes of a string at once. UTF-8 is checked as J. Keiser and D. Lemire describe it in "Validating
// UTF-8 in less than one instruction per byte" (2020): whatever is wrong about two bytes in a row shows in the high and
// the low half of the first and in the high half of the second, so each of the three is looked up in a table of what
// could be wrong, and what all three name is. Bits of the tables:
//
//   01 too short: a lead byte and no continuation after it   02 too long: a continuation after an ASCII byte
//   04 three bytes for what two can write                    08 beyond U+10FFFF, by the second byte
//   10 half of a surrogate pair                              20 two bytes for what one can write
//   40 four bytes for what three can write, or a lead byte beyond F4
//   80 two continuations, which is right after a lead byte of three or four, and only there
DATA firstHigh<>+0(SB)/8, $0x0202020202020202
DATA firstHigh<>+8(SB)/8, $0x4915012180808080
GLOBL firstHigh<>(SB), RODATA|NOPTR, $16
DATA firstLow<>+0(SB)/8, $0xcbcbcb8b8383a3e7
DATA firstLow<>+8(SB)/8, $0xcbcbdbcbcbcbcbcb
GLOBL firstLow<>(SB), RODATA|NOPTR, $16
DATA secondHigh<>+0(SB)/8, $0x0101010101010101
DATA secondHigh<>+8(SB)/8, $0x01010101babaaee6
GLOBL secondHigh<>(SB), RODATA|NOPTR, $16
DATA quotes<>+0(SB)/1, $0x22
GLOBL quotes<>(SB), RODATA|NOPTR, $1
DATA backslashes<>+0(SB)/1, $0x5c
GLOBL backslashes<>(SB), RODATA|NOPTR, $1
// The last control character.
DATA controls<>+0(SB)/1, $0x1f
GLOBL controls<>(SB), RODATA|NOPTR, $1
DATA nibbles<>+0(SB)/1, $0x0f
GLOBL nibbles<>(SB), RODATA|NOPTR, $1
// What leaves the highest bit of lead bytes of three bytes and more, and of four.
DATA thirds<>+0(SB)/1, $0x60
GLOBL thirds<>(SB), RODATA|NOPTR, $1
DATA fourths<>+0(SB)/1, $0x70
GLOBL fourths<>(SB), RODATA|NOPTR, $1
DATA tops<>+0(SB)/1, $0x80
GLOBL tops<>(SB), RODATA|NOPTR, $1
// Read from 32-n on, it keeps n bytes.
DATA kept<>+0(SB)/8, $0xffffffffffffffff
DATA kept<>+8(SB)/8, $0xffffffffffffffff
DATA kept<>+16(SB)/8, $0xffffffffffffffff
DATA kept<>+24(SB)/8, $0xffffffffffffffff
DATA kept<>+32(SB)/8, $0x0000000000000000
DATA kept<>+40(SB)/8, $0x0000000000000000
DATA kept<>+48(SB)/8, $0x0000000000000000
DATA kept<>+56(SB)/8, $0x0000000000000000
GLOBL kept<>(SB), RODATA|NOPTR, $64

// CHECK adds what is wrong about the block in Y1, after the one in Y0, to Y15. It takes Y2 to Y9, Y13 and Y14.
#define CHECK \
	VBROADCASTI128 firstHigh<>(SB), Y7; \
	VBROADCASTI128 firstLow<>(SB), Y8; \
	VBROADCASTI128 secondHigh<>(SB), Y9; \
	VPBROADCASTB nibbles<>(SB), Y13; \
	VPERM2I128 $0x21, Y1, Y0, Y2; \
	VPALIGNR   $15, Y2, Y1, Y3; \
	VPALIGNR   $14, Y2, Y1, Y4; \
	VPALIGNR   $13, Y2, Y1, Y5; \
	VPSRLW     $4, Y3, Y6; \
	VPAND      Y13, Y6, Y6; \
	VPSHUFB    Y6, Y7, Y6; \
	VPAND      Y13, Y3, Y3; \
	VPSHUFB    Y3, Y8, Y3; \
	VPAND      Y3, Y6, Y6; \
	VPSRLW     $4, Y1, Y3; \
	VPAND      Y13, Y3, Y3; \
	VPSHUFB    Y3, Y9, Y3; \
	VPAND      Y3, Y6, Y6; \
	VPBROADCASTB thirds<>(SB), Y14; \
	VPSUBUSB   Y14, Y4, Y4; \
	VPBROADCASTB fourths<>(SB), Y14; \
	VPSUBUSB   Y14, Y5, Y5; \
	VPOR       Y4, Y5, Y4; \
	VPBROADCASTB tops<>(SB), Y14; \
	VPAND      Y14, Y4, Y4; \
	VPXOR      Y6, Y4, Y4; \
	VPOR       Y4, Y15, Y15

// func run(b []byte, i int) (at int, met bool)
//
// AX is the index of the block, DX the last at which one fits, BX marks the block's bytes that are not ASCII, R8 those of
// the block before it, CX the bytes that end the
// run; R10 tells that one was met.
TEXT ·run(SB), NOSPLIT, $0-41
	MOVQ b_base+0(FP), SI
	MOVQ b_len+8(FP), DX
	MOVQ i+24(FP), AX
	SUBQ $32, DX
	XORL R8, R8
	XORL R10, R10
	VPBROADCASTB quotes<>(SB), Y10
	VPBROADCASTB backslashes<>(SB), Y11
	VPBROADCASTB controls<>(SB), Y12
	VPXOR   Y0, Y0, Y0
	VPXOR   Y15, Y15, Y15

block:
	CMPQ      AX, DX
	JGT       end
	VMOVDQU   (SI)(AX*1), Y1
	VPCMPEQB  Y10, Y1, Y2
	VPCMPEQB  Y11, Y1, Y3
	VPMINUB   Y12, Y1, Y4
	VPCMPEQB  Y4, Y1, Y4
	VPOR      Y2, Y3, Y2
	VPOR      Y4, Y2, Y2
	VPMOVMSKB Y2, CX
	VPMOVMSKB Y1, BX
	TESTL     CX, CX
	JNZ       stop
	ORL       BX, R8
	JNZ       runes
	ADDQ      $32, AX
	JMP       block

runes:
	CHECK
	VMOVDQA Y1, Y0
	MOVL    BX, R8
	ADDQ    $32, AX
	JMP     block

stop:
	MOVL $1, R10
	BSFL CX, CX
	ADDQ CX, AX
	MOVL $1, R9
	SHLL CX, R9
	DECL R9
	ANDL R9, BX
	ORL  R8, BX
	JZ   end

	// Only what stands before the end counts. ASCII after it makes a rune that it cuts too short.
	LEAQ    kept<>+32(SB), R9
	SUBQ    CX, R9
	VPAND   (R9), Y1, Y1
	CHECK

end:
	VPTEST Y15, Y15
	JNZ    wrong
	VZEROUPPER
	MOVQ   AX, at+32(FP)
	MOVB   R10, met+40(FP)
	RET

wrong:
	VZEROUPPER
	MOVQ $-1, at+32(FP)
	MOVB $0, met+40(FP)
	RET
