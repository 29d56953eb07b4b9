/* Names of what differs between the two widths, for assembly. */
#ifndef WIDTH_H
#define WIDTH_H

#ifdef __powerpc64__
#define WORD 8
#define REDZONE 512
#define LOAD ld
#define STORE std
#define STORE_UPDATE stdu
#define RETURN rfid
#define SET_MSR mtmsrd
#else
#define WORD 4
#define REDZONE 0
#define LOAD lwz
#define STORE stw
#define STORE_UPDATE stwu
#define RETURN rfi
#define SET_MSR mtmsr
#endif

#define MSR_EE 0x8000
#define MSR_FP 0x2000
#define MSR_ME 0x1000

#endif
