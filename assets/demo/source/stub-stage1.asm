system_information:
input_test:
animation:
picture:
tune:
        ret
