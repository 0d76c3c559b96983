/* stored.S: the guest's image (isolate/image.h) as a section of the program, at a multiple of the page's size so that it
 * can be mapped from the program's file. */
        .section .mayfly.image, "a", @progbits
        .balign 4096
        .globl stored_image
stored_image:
        .incbin "image"
        .balign 4096
        .section .note.GNU-stack, "", @progbits
