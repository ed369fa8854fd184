; What the picture shows: a glass case on a plinth with three spheres in it, on a tiled floor under an evening sky. A ray for each
; pixel, by the x87; the spheres reflect floor, plinth and sky.
;
; Coordinates: x to the right, y up, z away from us. Vectors are three floats. Colours are three floats from 0 to 1.

%macro ld 1
        fld dword [%1]
%endmacro
%macro st 1
        fstp dword [%1]
%endmacro
%macro plus 1
        fadd dword [%1]
%endmacro
%macro minus 1
        fsub dword [%1]
%endmacro
%macro times_ 1
        fmul dword [%1]
%endmacro
; The scalar product of two vectors in memory.
%macro dot 2
        ld %1
        times_ %2
        ld %1 + 4
        times_ %2 + 4
        faddp st1
        ld %1 + 8
        times_ %2 + 8
        faddp st1
%endmacro
; Compares the top with a number in memory, or with the one below it, and drops it: jb, ja as for unsigned integers.
%macro compare 1
        fcomp dword [%1]
        fnstsw ax
        sahf
%endmacro

; Makes the distances from the camera to the spheres, which no ray changes.
scene_start:
        fninit
        mov bx, spheres
        mov di, sphere_rays
.sphere:
        ld eye
        minus bx
        st di
        ld eye + 4
        minus bx + 4
        st di + 4
        ld eye + 8
        minus bx + 8
        st di + 8
        dot di, di
        ld bx + 12
        fmul st0
        fsubp st1
        st di + 12                      ; the distance's square less the radius's
        add bx, SPHERE_BYTES
        add di, 16
        cmp bx, spheres_end
        jb .sphere
        ret

; Computes the row picture_y into picture_line, every picture_block-th pixel of it, which fills its block.
scene_line:
        fninit
        mov word [scene_x], 0
        mov word [scene_out], picture_line
.pixel:
        ; Place in the picture: the height is 1, the middle 0.
        fild word [scene_x]
        plus half
        fild word [vbe_mode + 18]
        times_ half
        fsubp st1
        fidiv word [vbe_mode + 20]
        st scene_px
        fild word [vbe_mode + 20]
        times_ half
        fisub word [picture_y]
        minus half
        fidiv word [vbe_mode + 20]
        st scene_py

        xor di, di
.component:
        ld scene_px
        times_ camera_right + di
        ld scene_py
        times_ camera_up + di
        faddp st1
        plus camera_forward + di
        st direction + di
        add di, 4
        cmp di, 12
        jb .component
        dot direction, direction
        fsqrt
        fld1
        fdivrp st1
        xor di, di
.normalize:
        ld direction + di
        fmul st1
        fst dword [direction + di]
        fst dword [ray_direction + di]
        fld1
        fdivrp st1
        st inverse + di
        mov eax, [eye + di]
        mov [ray_from + di], eax
        add di, 4
        cmp di, 12
        jb .normalize
        fstp st0

        call surroundings
        call plinth_sides
        call glass_case
        call store_pixel
        mov ax, [picture_block]
        add [scene_x], ax
        mov ax, [scene_x]
        cmp ax, [vbe_mode + 18]
        jb .pixel
        ret

; The colour as 8 bits each, blue lowest, into all pixels of a block's row.
store_pixel:
        mov bx, [scene_out]
        mov dword [bx], 0
        mov si, red + 8                 ; blue is the third of them
.next:
        ld si
        times_ full
        fistp word [scene_value]
        mov ax, [scene_value]
        test ax, ax
        jns .positive
        xor ax, ax
.positive:
        cmp ax, 255
        jbe .fits
        mov al, 255
.fits:
        mov [bx], al
        inc bx
        sub si, 4
        cmp si, red
        jae .next
        ; BX is behind the three bytes of the first pixel of the block.
        mov eax, [bx - 3]
        lea di, [bx - 3]
        mov cx, [picture_block]
        push ds
        pop es
        rep stosd
        mov [scene_out], di
        ret

; --- sky, floor and the plinth's top ---------------------------------------------------------------------------------------

; The colour that a ray from ray_from to ray_direction meets.
surroundings:
        ld ray_direction + 4
        compare zero
        jb .down
        ; Sky: from the horizon's colour to the zenith's by the root of the height, and the sun.
        ld ray_direction + 4
        fsqrt
        st scene_k
        mov si, horizon
        mov di, zenith
        call mix
        dot ray_direction, light
        fst dword [scene_k]
        compare zero
        jb .done
        ld scene_k
        mov cx, 7
.power:
        fmul st0
        loop .power
        st scene_k
        xor di, di
.sun:
        ld scene_k
        times_ sun + di
        plus red + di
        st red + di
        add di, 4
        cmp di, 12
        jb .sun
.done:  ret

.down:
        ld plinth_box + 16
        call .at_height
        ld hit_x
        fabs
        compare plinth_box + 12
        ja .floor
        ld hit_z
        fabs
        compare plinth_box + 20
        jbe plinth_top
.floor:
        fldz
        call .at_height
        ; Tiles of one by one.
        ld hit_x
        fistp dword [scene_integer]
        mov bx, [scene_integer]
        ld hit_z
        fistp dword [scene_integer]
        xor bx, [scene_integer]
        mov si, tile_dark
        test bl, 1
        jz .tile
        mov si, tile_light
.tile:
        ; Darker beside the plinth: 1 - 0.7 / (1 + 3 d²), d the distance from it.
        ld hit_x
        fabs
        minus plinth_box + 12
        call .at_least_zero
        ld hit_z
        fabs
        minus plinth_box + 20
        call .at_least_zero
        faddp st1
        times_ three
        fld1
        faddp st1
        ld occlusion
        fdivrp st1
        fld1
        fsubrp st1
        st scene_k
        ; And hazy with the distance t: 1 / (1 + t²/400).
        ld hit_t
        fmul st0
        times_ haze
        fld1
        faddp st1
        fld1
        fdivrp st1
        st scene_haze
        xor di, di
.colour:
        ld si
        times_ scene_k
        minus horizon + di
        times_ scene_haze
        plus horizon + di
        st red + di
        add si, 4
        add di, 4
        cmp di, 12
        jb .colour
        ret

; The square of the top, or of zero when it is negative.
.at_least_zero:
        ftst
        fnstsw ax
        sahf
        jae .positive
        fstp st0
        fldz
.positive:
        fmul st0
        ret

; Where the ray is at the height on the stack: hit_t, hit_x, hit_z.
.at_height:
        minus ray_from + 4
        fdiv dword [ray_direction + 4]
        fst dword [hit_t]
        fld st0
        times_ ray_direction
        plus ray_from
        st hit_x
        times_ ray_direction + 8
        plus ray_from + 8
        st hit_z
        ret

; The plinth's top at hit_x, hit_z: darker under the spheres, 1 - 0.8 / (1 + q²) with q the distance in radii, squared.
plinth_top:
        fld1
        mov bx, spheres
.sphere:
        ld hit_x
        minus bx
        fmul st0
        ld hit_z
        minus bx + 8
        fmul st0
        faddp st1
        fdiv dword [bx + 12]
        fdiv dword [bx + 12]
        fmul st0
        fld1
        faddp st1
        ld shadow
        fdivrp st1
        fld1
        fsubrp st1
        fmulp st1
        add bx, SPHERE_BYTES
        cmp bx, spheres_end
        jb .sphere
        st scene_k
        mov di, wood_top
; The colour at DI, as bright as scene_k.
shaded:
        xor bx, bx
.next:
        ld di + bx
        times_ scene_k
        st red + bx
        add bx, 4
        cmp bx, 12
        jb .next
        ret

; The colours at SI and DI mixed: scene_k of the second.
mix:
        xor bx, bx
.next:
        ld di + bx
        minus si + bx
        times_ scene_k
        plus si + bx
        st red + bx
        add bx, 4
        cmp bx, 12
        jb .next
        ret

; The plinth's front and side, which the camera alone sees.
plinth_sides:
        mov si, plinth_box
        call meet_box
        jc .done
        cmp word [near_axis], 4         ; the top has been seen
        je .done
        ; Brighter towards the top.
        ld near_t
        times_ direction + 4
        plus eye + 4
        times_ half
        plus half
        st scene_k
        mov di, wood_front
        cmp word [near_axis], 0
        jne shaded
        mov di, wood_side
        jmp shaded
.done:  ret

; Where the camera's ray goes into and out of the box SI (least and greatest corner): near_t, far_t and the axes of these faces as
; offsets in a vector. Carry when it does not.
meet_box:
        mov dword [near_t], __float32__(-1.0e30)
        mov dword [far_t], __float32__(1.0e30)
        xor di, di
.axis:
        ld si
        minus eye + di
        times_ inverse + di
        ld si + 12
        minus eye + di
        times_ inverse + di
        fcom st1
        fnstsw ax
        sahf
        jae .ordered
        fxch st1
.ordered:
        fcom dword [far_t]
        fnstsw ax
        sahf
        jae .not_far
        fst dword [far_t]
        mov [far_axis], di
.not_far:
        fstp st0
        fcom dword [near_t]
        fnstsw ax
        sahf
        jbe .not_near
        fst dword [near_t]
        mov [near_axis], di
.not_near:
        fstp st0
        add si, 4
        add di, 4
        cmp di, 12
        jb .axis
        ld far_t
        compare near_t
        ret                             ; below: carry

; --- the case and what is in it --------------------------------------------------------------------------------------------

glass_case:
        mov si, case_box
        call meet_box
        jc .done
        ; From behind: the far pane, spheres, the near pane. The case's bottom is the plinth.
        mov eax, [far_t]
        mov bx, [far_axis]
        call pane
        call nearest_sphere
        mov eax, [near_t]
        mov bx, [near_axis]
        call pane
.done:  ret

; The pane where the ray is at EAX, of the axis BX: a little whiter, and brass where its edges are.
pane:
        mov [hit_t], eax
        mov [scene_axis], bx
        mov di, brass
        mov dword [scene_k], __float32__(0.75)
        xor si, si
.axis:
        cmp si, [scene_axis]
        je .next
        ld hit_t
        times_ direction + si
        plus eye + si
        fld st0
        minus case_box + si
        fabs
        compare edge
        jb .edge
        minus case_box + 12 + si
        fabs
        compare edge
        jb .blend
.next:
        add si, 4
        cmp si, 12
        jb .axis
        ; Glass. The bottom is none; a broad reflection lies across the rest.
        mov di, white
        mov dword [scene_k], __float32__(0.05)
        cmp word [scene_axis], 4
        jne .streak
        cmp word [far_axis], 4
        jne .streak
        mov eax, [hit_t]
        cmp eax, [far_t]
        je .done
.streak:
        ld scene_px
        plus scene_py
        fabs
        compare streak
        ja .blend
        mov dword [scene_k], __float32__(0.14)
.blend:
        mov si, red
        jmp mix
.edge:
        fstp st0
        jmp .blend
.done:  ret

; The nearest sphere that the ray meets: a metal's reflection and its own colour in the light.
nearest_sphere:
        mov dword [hit_t], __float32__(1.0e30)
        mov word [scene_sphere], 0
        mov bx, spheres
        mov di, sphere_rays
.sphere:
        dot di, direction               ; b
        fld st0
        fmul st0
        minus di + 12                   ; b² - c
        ftst
        fnstsw ax
        sahf
        jb .missed
        fsqrt
        faddp st1
        fchs                            ; -b - root
        fcom dword [hit_t]
        fnstsw ax
        sahf
        jae .behind
        fst dword [hit_t]
        mov [scene_sphere], bx
.behind:
        fstp st0
        jmp .next
.missed:
        fstp st0
        fstp st0
.next:
        add bx, SPHERE_BYTES
        add di, 16
        cmp bx, spheres_end
        jb .sphere
        mov bx, [scene_sphere]
        test bx, bx
        jz .done

        xor di, di
.point:
        ld hit_t
        times_ direction + di
        plus eye + di
        fst dword [ray_from + di]
        fsub dword [bx + di]
        fdiv dword [bx + 12]
        st normal + di
        add di, 4
        cmp di, 12
        jb .point
        dot direction, normal
        fst dword [scene_slant]
        fadd st0
        xor di, di
.mirror:
        ld normal + di
        fmul st1
        fsubr dword [direction + di]
        st ray_direction + di
        add di, 4
        cmp di, 12
        jb .mirror
        fstp st0
        call surroundings               ; uses BX

        ; Towards the rim everything is a mirror: k + (1 - k)(1 - cos)³.
        mov bx, [scene_sphere]
        fld1
        plus scene_slant                ; the slant is negative
        fld st0
        fmul st0
        fmulp st1
        fld1
        minus bx + 28
        fmulp st1
        plus bx + 28
        st scene_k
        dot normal, light
        ftst
        fnstsw ax
        sahf
        jae .lit
        fstp st0
        fldz
.lit:
        times_ diffuse
        plus ambient
        st scene_light
        xor di, di
.colour:
        ; own light + k (reflection (tinted half) - own light)
        ld bx + 16 + di
        times_ scene_light
        ld bx + 16 + di
        fld1
        faddp st1
        times_ half
        times_ red + di
        fsub st1
        times_ scene_k
        faddp st1
        st red + di
        add di, 4
        cmp di, 12
        jb .colour
.done:  ret

; --- the scene's numbers ---------------------------------------------------------------------------------------------------

        align 4, db 0
zero:           dd 0.0
half:           dd 0.5
three:          dd 3.0
full:           dd 255.0
occlusion:      dd 0.7
haze:           dd 0.0025
shadow:         dd 0.8
edge:           dd 0.035
streak:         dd 0.055
diffuse:        dd 0.75
ambient:        dd 0.22

; The camera looks at (0, 1.55, 0); its axes are computed from that.
eye:            dd 2.9, 3.0, -7.6
camera_forward: dd -0.54401, -0.27200, 1.42568
camera_right:   dd 0.93429, 0.0, 0.35651
camera_up:      dd -0.06256, 0.98448, 0.16396
light:          dd -0.44666, 0.74444, -0.49629

; The zenith is darker than any colour: it lies beyond the picture.
horizon:        dd 0.98, 0.70, 0.50
zenith:         dd -0.30, -0.12, 0.30
sun:            dd 0.9, 0.8, 0.6
tile_dark:      dd 0.13, 0.25, 0.33
tile_light:     dd 0.86, 0.82, 0.76
wood_top:       dd 0.62, 0.42, 0.24
wood_front:     dd 0.46, 0.29, 0.15
wood_side:      dd 0.27, 0.16, 0.09
brass:          dd 0.95, 0.80, 0.50
white:          dd 0.90, 0.97, 1.00

plinth_box:     dd -1.8, 0.0, -1.2,  1.8, 0.9, 1.2
case_box:       dd -1.65, 0.9, -1.05,  1.65, 2.95, 1.05

; Middle, radius, colour, share of reflection. All of them lie on the plinth.
spheres:
        dd -0.80, 1.45, 0.20, 0.55,  0.85, 0.22, 0.20, 0.25
SPHERE_BYTES equ $ - spheres
        dd  0.55, 1.60, 0.25, 0.70,  0.75, 0.88, 0.95, 0.75
        dd -0.10, 1.18, -0.60, 0.28,  0.95, 0.70, 0.22, 0.40
spheres_end:

        section variables
sphere_rays:    resd 4 * 3
direction:      resd 3                  ; of the camera's ray, length 1
inverse:        resd 3                  ; one divided by its components
ray_from:       resd 3                  ; the ray that looks at the surroundings
ray_direction:  resd 3
normal:         resd 3
red:            resd 3                  ; and green and blue: the colour so far
hit_t:          resd 1
hit_x:          resd 1
hit_z:          resd 1
near_t:         resd 1
far_t:          resd 1
near_axis:      resw 1
far_axis:       resw 1
scene_px:       resd 1
scene_py:       resd 1
scene_k:        resd 1
scene_haze:     resd 1
scene_slant:    resd 1
scene_light:    resd 1
scene_integer:  resd 1
scene_x:        resw 1
scene_out:      resw 1
scene_value:    resw 1
scene_axis:     resw 1
scene_sphere:   resw 1
        section program
